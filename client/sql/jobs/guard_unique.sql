-- guard_unique.sql: as guard_job.sql, for a job that may have to wait for the one before it of its unique key: until that one
-- has no row any more it is as if another transaction had this one.
DELETE FROM {schema}.job
WHERE id OPERATOR(pg_catalog.=) (
  SELECT id FROM {schema}.job
  WHERE id OPERATOR(pg_catalog.=) {id} AND attempt OPERATOR(pg_catalog.=) {attempt}
    AND NOT EXISTS (
      SELECT FROM {schema}.unique_job AS mark
      JOIN {schema}.job AS ahead ON ahead.id OPERATOR(pg_catalog.=) mark.id
      WHERE mark.next_id OPERATOR(pg_catalog.=) {id})
  FOR UPDATE SKIP LOCKED)
RETURNING pg_catalog.pg_current_xact_id(), xact AS asked_in;
