-- guard_jobs.sql: as guard_job.sql, for many at one attempt: a row for each that is claimed.
DELETE FROM {schema}.job
WHERE id OPERATOR(pg_catalog.=) ANY (ARRAY(
  SELECT id FROM {schema}.job
  WHERE id OPERATOR(pg_catalog.=) ANY ({ids}::uuid[]) AND attempt OPERATOR(pg_catalog.=) {attempt}
  FOR UPDATE SKIP LOCKED))
RETURNING pg_catalog.pg_current_xact_id(), id, xact AS asked_in;
