-- find_apps.sql: the other apps than $1 that have had workers for the queues $2; with a task that both declare, of $3.
SELECT queue, name,
       (SELECT pg_catalog.min(task) FROM pg_catalog.unnest(tasks) AS task WHERE task = ANY ($3::text[])),
       pg_catalog.to_char(seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
FROM {schema}.app WHERE queue = ANY ($2::text[]) AND name <> $1 ORDER BY queue, name;
