-- end_backends.sql: ends the sessions of a worker that is taken for dead: they may hold locks for ever.
SELECT pid, pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE application_name = $1 AND datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid();
