-- find_tables.sql: which of our tables are there, and which of them are UNLOGGED.  From the catalog, which every
-- role may read.
SELECT relname, relpersistence = 'u' FROM pg_catalog.pg_class
WHERE relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {schema_name})
  AND relkind IN ('r', 'p') AND relname IN ('job', 'dead', 'ledger', 'migration') ORDER BY relname;
