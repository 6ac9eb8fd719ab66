#!/bin/bash
# python3 -m http.server: files, a directory listing, a 404.
. "$(dirname "$0")/common.sh" python-http "$@"

port=$(free_port) url=http://127.0.0.1:$port
mkdir -p "$data/root/sub"
echo 'hello from python' >"$data/root/hello.txt"
seq 200000 >"$data/root/large.txt"
: >"$data/root/sub/listed"

# -I -B: nothing from the caller's environment, no bytecode written
start python3 python3 -I -B -m http.server "$port" --bind 127.0.0.1 --directory "$data/root"
wait_for_port "$port"

for i in 1 2 3; do
    equal "GET $i" 'hello from python' "$(http "$url/hello.txt")"
done
http -o "$data/large.got" "$url/large.txt" || fail 'GET of a large file'
check 'content of the large file' cmp -s "$data/root/large.txt" "$data/large.got"
equal 'directory listing' 1 "$(http "$url/sub/" | grep -c 'href="listed"')"
equal 'HEAD' 200 "$(http -I -o /dev/null -w '%{http_code}' "$url/hello.txt")"
equal 'GET of a missing file' 404 \
    "$(http -o /dev/null -w '%{http_code}' "$url/missing")"

stop INT
pass
