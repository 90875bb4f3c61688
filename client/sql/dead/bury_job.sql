-- bury_job.sql: from the jobs to the dead, in one step; fenced as record_attempt.sql.
WITH gone AS (
  DELETE FROM {schema}.job
  WHERE id = (SELECT id FROM {schema}.job WHERE id = $1 AND attempt = $2 FOR UPDATE SKIP LOCKED)
  RETURNING id, queue)
INSERT INTO {schema}.dead (id, queue, letter) SELECT id, queue, $3 FROM gone
ON CONFLICT (id) DO UPDATE SET queue = excluded.queue, died_at = pg_catalog.now(), letter = excluded.letter;
