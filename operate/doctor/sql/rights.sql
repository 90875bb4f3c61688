-- rights.sql: of what workers do with our tables, what this role may not: each table that is there and lacks any of it.
-- The last column: whether every worker does some of it.
SELECT 'table ' || needs.relname, pg_catalog.string_agg(what, ', ' ORDER BY what), pg_catalog.bool_or(by_all)
FROM (VALUES ('job', 'SELECT', true), ('job', 'INSERT', true), ('job', 'UPDATE', true), ('job', 'DELETE', true),
             ('dead', 'SELECT', true), ('dead', 'INSERT', true), ('dead', 'UPDATE', true), ('dead', 'DELETE', true),
             ('ledger', 'SELECT', true), ('ledger', 'INSERT', true), ('ledger', 'UPDATE', true), ('ledger', 'DELETE', true),
             ('cancelled', 'SELECT', true), ('cancelled', 'INSERT', true), ('cancelled', 'UPDATE', true),
             ('cancelled', 'DELETE', true),
             ('unique_job', 'SELECT', true), ('unique_job', 'INSERT', true), ('unique_job', 'UPDATE', true),
             ('unique_job', 'DELETE', true),
             ('result', 'SELECT', true), ('result', 'INSERT', true), ('result', 'UPDATE', true), ('result', 'DELETE', true),
             ('progress', 'SELECT', true), ('progress', 'INSERT', true), ('progress', 'UPDATE', true),
             ('progress', 'DELETE', true),
             ('flow', 'SELECT', true), ('flow', 'INSERT', true), ('flow', 'UPDATE', true), ('flow', 'DELETE', true),
             ('flow_step', 'SELECT', true), ('flow_step', 'INSERT', true), ('flow_step', 'UPDATE', true),
             ('flow_step', 'DELETE', true),
             ('flow_event', 'SELECT', true), ('flow_event', 'INSERT', true), ('flow_event', 'UPDATE', true),
             ('flow_event', 'DELETE', true),
             ('flow_child', 'SELECT', true), ('flow_child', 'INSERT', true), ('flow_child', 'UPDATE', true),
             ('flow_child', 'DELETE', true),
             ('app', 'SELECT', true), ('app', 'INSERT', true), ('app', 'UPDATE', true),
             ('home', 'SELECT', true), ('migration', 'SELECT', true), ('queue_state', 'SELECT', true),
             ('limits', 'SELECT', true),
             ('history', 'SELECT', false), ('history', 'INSERT', false), ('history', 'UPDATE', false),
             ('history', 'DELETE', false),
             ('history_savepoint', 'SELECT', false), ('history_savepoint', 'INSERT', false),
             ('history_savepoint', 'UPDATE', false), ('history_savepoint', 'DELETE', false),
             ('queue_state', 'INSERT', false), ('queue_state', 'UPDATE', false),
             ('limits', 'INSERT', false), ('limits', 'UPDATE', false),
             ('rate', 'SELECT', false), ('rate', 'INSERT', false), ('rate', 'UPDATE', false), ('rate', 'DELETE', false),
             ('periodic', 'SELECT', false), ('periodic', 'INSERT', false), ('periodic', 'UPDATE', false))
       AS needs (relname, what, by_all)
JOIN pg_catalog.pg_class AS class ON class.relname = needs.relname
 AND class.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {schema_name})
WHERE NOT pg_catalog.has_table_privilege(class.oid, what)
GROUP BY needs.relname
UNION ALL
SELECT 'schema ' || nspname, 'USAGE', true FROM pg_catalog.pg_namespace
WHERE nspname = {schema_name} AND NOT pg_catalog.has_schema_privilege(oid, 'USAGE')
UNION ALL
SELECT 'function pg_control_system()', 'EXECUTE', true
WHERE NOT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
ORDER BY 1;
