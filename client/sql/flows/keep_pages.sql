-- keep_pages.sql: in the message of COMMIT: where a loop has come to, in its one row.  It runs among the names of the task's
-- session, as keep_result.sql.
INSERT INTO {schema}.flow_step AS kept (flow, place, name, kind, value, tries, began_at, done_at)
VALUES ({id}::uuid, {place}::int, {name}, 'pages', {value}::json, {tries}::int, {began_at}::timestamptz,
  CASE WHEN {done} THEN pg_catalog.clock_timestamp() END)
ON CONFLICT (flow, place) DO UPDATE SET value = excluded.value, tries = excluded.tries, done_at = excluded.done_at;
