-- guard_limited.sql: as guard_unique.sql, for a job that needs a place of a limit as well.  One row: the id of the transaction,
-- null if the job is not ours to run; and what take_places.sql says, null if it was not asked, as somebody else has the job.
WITH mine AS MATERIALIZED (
  SELECT id FROM {schema}.job
  WHERE id OPERATOR(pg_catalog.=) {id} AND attempt OPERATOR(pg_catalog.=) {attempt}
    AND NOT EXISTS (
      SELECT FROM {schema}.unique_job AS mark
      JOIN {schema}.job AS ahead ON ahead.id OPERATOR(pg_catalog.=) mark.id
      WHERE mark.next_id OPERATOR(pg_catalog.=) {id})
  FOR UPDATE SKIP LOCKED),
place AS MATERIALIZED (SELECT id, {schema}.take_places({places}) AS full_one FROM mine),
gone AS (
  DELETE FROM {schema}.job
  WHERE id OPERATOR(pg_catalog.=) (SELECT id FROM place WHERE full_one OPERATOR(pg_catalog.=) 0)
  RETURNING pg_catalog.pg_current_xact_id() AS own, xact AS asked_in)
SELECT (SELECT own FROM gone), (SELECT full_one FROM place), (SELECT asked_in FROM gone) AS asked_in;
