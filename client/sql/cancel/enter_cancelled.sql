-- enter_cancelled.sql: a job that this transaction itself has asked for, and that so never was.
INSERT INTO {schema}.cancelled (id, queue, task, state, settled_at, note)
VALUES ($1, $2, $3, $4, pg_catalog.now(), pg_catalog.left($5::text, 1000)) ON CONFLICT DO NOTHING;
