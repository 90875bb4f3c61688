-- keep_history.sql: in the message of COMMIT: which jobs this transaction is of, for who asks later who wrote a row.  It runs
-- among the names of the task's session, as keep_result.sql.
INSERT INTO {schema}.history (xid, id, task, queue, attempt, asked_in, flow, step, worker)
SELECT pg_catalog.pg_current_xact_id(), job.id, {task}::text, {queue}::text, {attempt}::int, job.asked_in, {flow}::uuid,
  {step}::text, {worker}::text
FROM ROWS FROM (pg_catalog.unnest({ids}::uuid[]), pg_catalog.unnest({asked}::pg_catalog.xid8[])) AS job (id, asked_in);
