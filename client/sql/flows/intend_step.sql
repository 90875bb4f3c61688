-- intend_step.sql: a flow is about to call what is outside.
INSERT INTO {schema}.flow_step (flow, place, name, kind, tries, began_at)
VALUES ($1, $2, $3, 'external', $4, pg_catalog.clock_timestamp());
