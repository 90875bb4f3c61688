-- may_read_history.sql: whether this role may.
SELECT pg_catalog.has_table_privilege(pg_catalog.format('%I.history', {schema_name}), 'SELECT');
