-- tables.sql: the rows of our tables, as the statistics know them.
SELECT stat.relname, n_live_tup, n_dead_tup, pg_catalog.pg_total_relation_size(relid)::float8,
       NOT coalesce('autovacuum_enabled=false' = ANY (reloptions) OR 'autovacuum_enabled=off' = ANY (reloptions), false)
FROM pg_catalog.pg_stat_user_tables AS stat JOIN pg_catalog.pg_class AS class ON class.oid = relid
WHERE schemaname = {schema_name} ORDER BY stat.relname;
