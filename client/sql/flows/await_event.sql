-- await_event.sql: a flow begins to wait for an event, for so many ms; no row: it is given, or waited for, already.  Who
-- gives it right now is waited for.  $4: see begin_sleep.sql.
INSERT INTO {schema}.flow_event (flow, name, until)
VALUES ($1, $2, coalesce($4::timestamptz, pg_catalog.clock_timestamp()) + $3::float8 * interval '1 millisecond')
ON CONFLICT DO NOTHING RETURNING name;
