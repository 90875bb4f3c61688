-- find_distributed.sql: which of our tables are distributed over nodes, or kept on all of them, by Citus, whose catalog this
-- is: to be asked only where find_tables.sql has found that.
SELECT relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_dist_partition ON logicalrelid = pg_class.oid
WHERE relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {schema_name}) ORDER BY relname;
