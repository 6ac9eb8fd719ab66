#!/bin/bash
# sqlite3: one session on a file database, in rollback-journal and in WAL mode.
. "$(dirname "$0")/common.sh" sqlite3 "$@"

cat >"$data/session.sql" <<SQL
.output '$data/result'
CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
CREATE INDEX t_v ON t (v);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    INSERT INTO t SELECT i, 'value ' || (i * 7919 % 5000) FROM n;
BEGIN; DELETE FROM t; ROLLBACK;
DELETE FROM t WHERE id % 2;
SELECT count(*), sum(id) FROM t;
SELECT id FROM t WHERE v = 'value 4900';
VACUUM;
PRAGMA journal_mode = WAL;
INSERT INTO t VALUES (10000, 'in the log');
SELECT v FROM t WHERE id = 10000;
PRAGMA wal_checkpoint(TRUNCATE);
PRAGMA journal_mode = DELETE;
PRAGMA integrity_check;
SQL

run sqlite3 sqlite3 -batch -bail "$data/test.db" <"$data/session.sql"

equal 'result of the session' \
    '2500|6252500 2100 wal in the log 0|0|0 delete ok ' "$(tr '\n' ' ' <"$data/result")"
equal 'rows in the file' 2501 "$(sqlite3 -batch "$data/test.db" 'SELECT count(*) FROM t')"
pass
