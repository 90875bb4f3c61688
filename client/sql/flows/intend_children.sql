-- intend_children.sql: a flow waits for them from now on.
INSERT INTO {schema}.flow_step (flow, place, name, kind, tries, began_at)
VALUES ($1, $2, $3, 'children', $4, pg_catalog.clock_timestamp());
