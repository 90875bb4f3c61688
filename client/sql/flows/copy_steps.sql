-- copy_steps.sql: what a flow ($2) has done before a place, as if another ($1) had.
INSERT INTO {schema}.flow_step (flow, place, name, kind, value, tries, began_at, done_at, until)
SELECT $1, place, name, kind, value, tries, began_at, done_at, until
FROM {schema}.flow_step WHERE flow = $2 AND place < $3 AND done_at IS NOT NULL;
