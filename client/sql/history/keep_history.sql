-- keep_history.sql: in the message of COMMIT: which jobs this transaction is of, for who asks later who wrote a row; and what
-- note_savepoint.sql has noted, as whole ids: each is a little greater than that of its transaction.  It runs among the names
-- of the task's session, as keep_result.sql.
WITH of_jobs AS (
  INSERT INTO {schema}.history (xid, id, task, queue, attempt, asked_in, flow, step, worker)
  SELECT pg_catalog.pg_current_xact_id(), job.id, {task}::text, {queue}::text, {attempt}::int, job.asked_in, {flow}::uuid,
    {step}::text, {worker}::text
  FROM ROWS FROM (pg_catalog.unnest({ids}::uuid[]), pg_catalog.unnest({asked}::pg_catalog.xid8[])) AS job (id, asked_in))
INSERT INTO {schema}.history_savepoint AS kept (xid, top)
SELECT (top.id OPERATOR(pg_catalog.+) ((one.id::pg_catalog.int8 OPERATOR(pg_catalog.-) top.id OPERATOR(pg_catalog.&) 4294967295)
  OPERATOR(pg_catalog.&) 4294967295))::pg_catalog.text::pg_catalog.xid8, pg_catalog.pg_current_xact_id()
FROM (SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8 AS id) AS top,
  pg_catalog.unnest(pg_catalog.string_to_array(
    nullif(pg_catalog.current_setting('aftercommit.savepoints', true), ''), ',')) AS one (id)
ON CONFLICT (xid) DO UPDATE SET top = excluded.top;
