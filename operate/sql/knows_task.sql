-- knows_task.sql: whether an app whose workers have served queue $1 declares task $2; null: no app is known of there.
SELECT pg_catalog.bool_or($2::text = ANY (tasks)) FROM {schema}.app WHERE queue = $1::text;
