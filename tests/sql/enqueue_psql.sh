#!/usr/bin/env bash
# Enqueues from psql: one job that is committed, one that is rolled back, one whose savepoint is.
#
# usage: DATABASE_URL=... [SCHEMA=aftercommit] tests/sql/enqueue_psql.sh COMMITTED ROLLED_BACK SAVEPOINT
set -euo pipefail

readonly committed=$1 rolled_back=$2 savepoint=$3

psql "$DATABASE_URL" -X -q -v ON_ERROR_STOP=1 -v schema="${SCHEMA:-aftercommit}" \
  -v committed="$committed" -v rolled_back="$rolled_back" -v savepoint="$savepoint" <<'SQL'
BEGIN;
INSERT INTO orders(id) VALUES (:committed);
SELECT :"schema".enqueue('read_order', json_build_array(:committed));
SAVEPOINT attempt;
SELECT :"schema".enqueue('insert', json_build_array(:savepoint));
ROLLBACK TO attempt;
COMMIT;

BEGIN;
INSERT INTO orders(id) VALUES (:rolled_back);
SELECT :"schema".enqueue('read_order', json_build_array(:rolled_back));
ROLLBACK;
SQL

echo "psql: committed $committed, rolled back $rolled_back and savepoint $savepoint"
