-- as_worker.sql: before keep_history.sql: a task may have taken another role (SET ROLE), which has no rights there.
SELECT pg_catalog.set_config('aftercommit.role', pg_catalog.current_setting('role'), true),
  pg_catalog.set_config('role', NULL, true);
