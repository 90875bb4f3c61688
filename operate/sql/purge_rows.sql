-- purge_rows.sql: deletes up to 1000 rows of queue $1 behind the place $2, $3 (null: from the beginning), of jobs that were
-- asked for before $4; but not those that another transaction has, as one does of a job that runs.  How many, and the place
-- of the last.  Its place is for remember_purged.sql, or nothing.
WITH page AS MATERIALIZED (
  SELECT id, xact FROM {schema}.job
  WHERE queue = $1::text AND xact > '0'
    AND (xact, id) > (coalesce($2::xid8, '0'), coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))
    AND enqueued_at < $4::timestamptz
  ORDER BY xact, id LIMIT 1000 FOR UPDATE SKIP LOCKED),
gone AS (DELETE FROM {schema}.job WHERE id IN (SELECT id FROM page) RETURNING id, queue, due_at, envelope),
{remembered}
last AS (SELECT xact, id FROM page ORDER BY xact DESC, id DESC LIMIT 1)
SELECT (SELECT pg_catalog.count(*) FROM gone), (SELECT xact::text FROM last), (SELECT id FROM last);
