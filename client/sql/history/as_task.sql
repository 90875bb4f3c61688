-- as_task.sql: behind keep_history.sql: what COMMIT itself runs is the task's again.
SELECT pg_catalog.set_config('role', pg_catalog.current_setting('aftercommit.role'), true);
