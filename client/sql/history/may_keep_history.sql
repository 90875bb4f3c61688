-- may_keep_history.sql: whether this role may do all that keeping a history and purging it needs.
SELECT pg_catalog.bool_and(pg_catalog.has_table_privilege(pg_catalog.format('%I.%I', {schema_name}, name), what))
FROM pg_catalog.unnest(ARRAY['history', 'history_savepoint']) AS name,
  pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS what;
