-- want_job.sql: a worker has come to run a job and was kept from it, by callers who hold it back (claim_unique.sql): from now
-- on no further ones do.  One that waits for the job before it is not held back.
UPDATE {schema}.unique_job SET wanted_id = $1, wanted_at = pg_catalog.clock_timestamp()
WHERE key IN (
  SELECT key FROM {schema}.unique_job AS mark
  WHERE id = $1 OR (next_id = $1 AND NOT EXISTS (SELECT FROM {schema}.job AS ahead WHERE ahead.id = mark.id))
  FOR UPDATE SKIP LOCKED);
