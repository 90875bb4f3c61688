-- end_flow.sql: with the transaction that takes the row of its job away.
INSERT INTO {schema}.flow AS kept (id, task, ended_at, state)
VALUES ({id}::uuid, {task}, pg_catalog.clock_timestamp(), 'done')
ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, state = excluded.state;
