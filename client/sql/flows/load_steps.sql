-- load_steps.sql: what a flow has done, in its order; the last column is how many ms of a sleep are left, by the clock of a
-- test ($2) where there is one.
SELECT place, name, kind, value, done_at IS NOT NULL,
       coalesce(extract(epoch FROM until - coalesce($2::timestamptz, pg_catalog.clock_timestamp()))::float8 * 1000::float8, 0)::bigint
FROM {schema}.flow_step WHERE flow = $1 ORDER BY place;
