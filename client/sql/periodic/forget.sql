-- forget.sql: the periodic task $2 of app $1, unless a worker that declares it has lived within the last minute.
DELETE FROM {schema}.periodic
WHERE app = $1 AND name = $2 AND seen_at < pg_catalog.now() - interval '1 minute';
