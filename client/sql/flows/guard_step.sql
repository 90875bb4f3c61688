-- guard_step.sql: in the message of BEGIN: what a flow does next is done in a transaction that has the row of its job, and
-- only if it is not done yet.  It runs among the names of the task's session, as guard_job.sql, and as there: no row: the job
-- is not ours.  One that may have to wait for the job before it of its unique key (guard_unique.sql) does.
SELECT pg_catalog.pg_current_xact_id(), xact AS asked_in FROM {schema}.job
WHERE id OPERATOR(pg_catalog.=) {id} AND attempt OPERATOR(pg_catalog.=) {attempt}
  AND NOT EXISTS (
    SELECT FROM {schema}.flow_step
    WHERE flow OPERATOR(pg_catalog.=) {id} AND place OPERATOR(pg_catalog.=) {place} AND done_at IS NOT NULL)
  AND NOT EXISTS (
    SELECT FROM {schema}.unique_job AS mark
    JOIN {schema}.job AS ahead ON ahead.id OPERATOR(pg_catalog.=) mark.id
    WHERE mark.next_id OPERATOR(pg_catalog.=) {id})
FOR NO KEY UPDATE OF job SKIP LOCKED;
