-- record_step.sql: in the message of COMMIT: what a flow has done at a place.  It runs among the names of the task's
-- session, as keep_result.sql.  Where another has done it meanwhile this fails, and nothing commits.
INSERT INTO {schema}.flow_step (flow, place, name, kind, value, tries, began_at, done_at)
VALUES ({id}::uuid, {place}::int, {name}, {kind}, {value}::json, {tries}::int, {began_at}::timestamptz,
  pg_catalog.clock_timestamp());
