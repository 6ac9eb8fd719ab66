#!/bin/bash
# PostgreSQL: initdb, then a server queried over TCP and its Unix socket.
# Steps: initdb, postgres.  Root's WRAP stays root: setpriv, under it, becomes
# the user postgres.
. "$(dirname "$0")/common.sh" postgres "$@"

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ -x "$bin/postgres" ] || fail 'finding /usr/lib/postgresql/*/bin/postgres'
while IFS='=' read -r v _; do unset "$v"; done < <(env | grep '^PG[A-Z]*=')

port=$(free_port) db=$data/db as=()
mkdir -m 700 "$db"
if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
    chown postgres:postgres "$db"
    check 'user postgres can reach WORKDIR' "${as[@]}" test -w "$db"
fi
sql() { # HOST: run stdin, print bare results
    PGCONNECT_TIMEOUT=20 timeout 60 \
        "$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -U postgres -h "$1" -p "$port" postgres 2>>"$log"
}
# postmaster.pid's eighth line is the server's state; reading it does not touch the server
ready() { [ "$(sed -n '8s/ *$//p' "$db/postmaster.pid")" = ready ]; }

run initdb "${as[@]}" "$bin/initdb" -D "$db" -U postgres -A trust --locale=C -E UTF8

# autovacuum off: its workers come at times of their own
start postgres "${as[@]}" "$bin/postgres" -D "$db" -p "$port" -k "$db" \
    -c listen_addresses=127.0.0.1 -c autovacuum=off
wait_until 'postgres is ready' ready

equal 'queries over TCP' '5000|12502500' "$(sql 127.0.0.1 <<'SQL'
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t SELECT i, 'value ' || i FROM generate_series(1, 5000) i;
CREATE INDEX ON t (v);
SELECT count(*), sum(id) FROM t;
SQL
)"
equal 'queries over the Unix socket' '2500|value 4900' "$(sql "$db" <<'SQL'
BEGIN; DELETE FROM t; ROLLBACK;
DELETE FROM t WHERE id % 2 = 1;
VACUUM ANALYZE t;
CHECKPOINT;
SELECT (SELECT count(*) FROM t), v FROM t WHERE id = 4900;
SQL
)"

stop INT
check 'clean shutdown in the log' grep -q 'database system is shut down' "$log"
pass
