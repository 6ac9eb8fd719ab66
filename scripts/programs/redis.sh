#!/bin/bash
# redis-server: benchmark, set and get, SAVE, BGSAVE, and the save at shutdown.
. "$(dirname "$0")/common.sh" redis "$@"

port=$(free_port)
cli() { timeout 30 redis-cli -h 127.0.0.1 -p "$port" "$@" 2>>"$log"; }
bgsave_done() { cli info persistence | grep -q '^rdb_bgsave_in_progress:0'; }

start redis redis-server --bind 127.0.0.1 --port "$port" --dir "$data" \
    --daemonize no --save 3600 1 --pidfile "$data/redis.pid"
wait_for_port "$port"

timeout 60 redis-benchmark -h 127.0.0.1 -p "$port" -n 2000 -q -t set,get,lpush,incr \
    >"$data/benchmark" 2>&1 || fail 'redis-benchmark'
equal 'redis-benchmark: tests run' 4 \
    "$(tr '\r' '\n' <"$data/benchmark" | grep -c 'requests per second, p50')"
equal 'SET' OK "$(cli set key 'a value')"
equal 'GET' 'a value' "$(cli get key)"
equal 'SAVE' OK "$(cli save)"
check 'dump of SAVE' test -s "$data/dump.rdb"
rm "$data/dump.rdb"
equal 'BGSAVE' 'Background saving started' "$(cli bgsave)"
wait_until 'end of BGSAVE' bgsave_done
check 'dump of BGSAVE' test -s "$data/dump.rdb"
rm "$data/dump.rdb"
equal 'SET after BGSAVE' OK "$(cli set last 1)"

stop TERM
check 'dump of the shutdown' test -s "$data/dump.rdb"
pass
