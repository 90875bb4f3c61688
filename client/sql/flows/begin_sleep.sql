-- begin_sleep.sql: a flow sleeps for so many ms, from now, or from when the clock of a test says ($6).
INSERT INTO {schema}.flow_step (flow, place, name, kind, tries, began_at, done_at, until)
SELECT $1, $2, $3, 'sleep', $4, now, now, now + $5::float8 * interval '1 millisecond'
FROM (SELECT coalesce($6::timestamptz, pg_catalog.clock_timestamp()) AS now) AS clock;
