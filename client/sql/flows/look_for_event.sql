-- look_for_event.sql: whether an event is given, its value, and how many ms are left for it.  Given before it was waited
-- for, it had all the time.  No row: somebody gives it right now.  $3: see begin_sleep.sql.
SELECT given_at IS NOT NULL, value,
       coalesce(extract(epoch FROM until - coalesce($3::timestamptz, pg_catalog.clock_timestamp()))::float8 * 1000::float8, 0)::bigint
FROM {schema}.flow_event WHERE flow = $1 AND name = $2 FOR UPDATE SKIP LOCKED;
