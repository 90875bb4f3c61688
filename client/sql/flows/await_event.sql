-- await_event.sql: a flow begins to wait for an event, for so many ms; no row: it is given, or waited for, already.  Who
-- gives it anew to a row that is here is not waited for, since the one may wait for the row of the flow's job; who has just
-- made the row is.  $4: see begin_sleep.sql.
INSERT INTO {schema}.flow_event (flow, name, until)
SELECT $1::uuid, $2::text, coalesce($4::timestamptz, pg_catalog.clock_timestamp()) + $3::float8 * interval '1 millisecond'
WHERE NOT EXISTS (SELECT FROM {schema}.flow_event WHERE flow = $1 AND name = $2)
ON CONFLICT DO NOTHING RETURNING name;
