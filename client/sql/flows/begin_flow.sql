-- begin_flow.sql: with the first thing that a flow has done.
INSERT INTO {schema}.flow (id, task) VALUES ({id}::uuid, {task}) ON CONFLICT DO NOTHING;
