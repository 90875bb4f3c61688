-- blame_table.sql: the table that is called $1, as SQL writes names, or exactly so.
SELECT class.oid::text, class.relkind::text, pg_catalog.format('%I.%I', space.nspname, class.relname)
FROM pg_catalog.pg_class AS class JOIN pg_catalog.pg_namespace AS space ON space.oid = class.relnamespace
WHERE class.oid = coalesce(pg_catalog.to_regclass($1), pg_catalog.to_regclass(pg_catalog.quote_ident($1)));
