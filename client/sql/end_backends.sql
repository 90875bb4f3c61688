-- end_backends.sql: ends the sessions of a worker that is taken for dead: they may hold locks for ever.
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid();
