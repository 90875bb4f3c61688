-- keep_result.sql: in the message of COMMIT: what the task of a job has returned.  It runs among the names of the task's
-- session, whose search_path may put others before PostgreSQL's.  An id that was used for another job long ago is this one's
-- now.
INSERT INTO {schema}.result AS kept (id, task, value, log, expires_at)
VALUES ({id}::uuid, {task}, {value}::json, {log}::json, pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+)
  ({ttl_ms}::float8 OPERATOR(pg_catalog.*) interval '1 millisecond'))
ON CONFLICT (id) DO UPDATE SET task = excluded.task, value = excluded.value, log = excluded.log,
  stored_at = excluded.stored_at, expires_at = excluded.expires_at;
