-- find_tables.sql: which of our tables are there, which of them are UNLOGGED, and whether the server has an extension that
-- distributes tables over nodes.  From the catalog, which every role may read.
SELECT relname, relpersistence = 'u', pg_catalog.to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL FROM pg_catalog.pg_class
WHERE relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {schema_name})
  AND relkind IN ('r', 'p') AND relname IN ('job', 'dead', 'ledger', 'migration') ORDER BY relname;
