-- guard_job.sql: in the message of BEGIN: a durable job takes effect in the transaction that deletes its row.
-- It runs among the names of the task's session, whose search_path may put others before PostgreSQL's.
-- No row: it is done, or stands at another attempt, or another transaction has it right now (which is not waited for).
DELETE FROM {schema}.job
WHERE id OPERATOR(pg_catalog.=) (
  SELECT id FROM {schema}.job
  WHERE id OPERATOR(pg_catalog.=) {id} AND attempt OPERATOR(pg_catalog.=) {attempt} FOR UPDATE SKIP LOCKED)
RETURNING pg_catalog.pg_current_xact_id(), xact AS asked_in;
