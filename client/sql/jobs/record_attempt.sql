-- record_attempt.sql: an attempt has ended without effect.  The attempt it names is the fence: a late word on one
-- that has been settled finds no row, and neither does one on a job that another transaction has right now.  Those that only
-- hold the job back (claim_unique.sql) do not keep its failure from being written.
UPDATE {schema}.job
SET attempt = $3, envelope = $4, due_at = pg_catalog.clock_timestamp() + $5::float8 * interval '1 millisecond'
WHERE id = (SELECT id FROM {schema}.job WHERE id = $1 AND attempt = $2 FOR NO KEY UPDATE SKIP LOCKED);
