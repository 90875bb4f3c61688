-- list.sql: all periodic tasks; times in seconds since 1970, and how long ago a worker that declares it lived, in ms.
SELECT app, name, task, schedule, zone, missed, envelope, paused,
       CASE WHEN pg_catalog.isfinite(next_at)
            THEN pg_catalog.floor(extract(epoch FROM next_at)::float8)::bigint END,
       coalesce(NOT pg_catalog.isfinite(next_at), false),
       pg_catalog.floor(extract(epoch FROM last_tick)::float8)::bigint, last_job,
       pg_catalog.floor(extract(epoch FROM declared_at)::float8)::bigint,
       pg_catalog.floor(extract(epoch FROM pg_catalog.now() - seen_at)::float8 * 1000::float8)::bigint,
       pg_catalog.floor(extract(epoch FROM pg_catalog.now())::float8)::bigint, runs_asked
FROM {schema}.periodic ORDER BY name, app;
