-- end_flow.sql: with the transaction that takes the row of its job away.  The job itself is kept for who has it run again.
INSERT INTO {schema}.flow AS kept (id, task, ended_at, state, kept_job)
VALUES ({id}::uuid, {task}, pg_catalog.clock_timestamp(), 'done', {envelope})
ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, state = excluded.state, kept_job = excluded.kept_job;
