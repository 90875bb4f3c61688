-- job_age.sql: for how many ms the oldest of these jobs has been asked for; null where none of them is there any more.
SELECT (extract(epoch FROM pg_catalog.clock_timestamp() - greatest(pg_catalog.min(enqueued_at), 'epoch'))::float8
  * 1000::float8)::bigint
FROM {schema}.job WHERE id = ANY ($1::uuid[]);
