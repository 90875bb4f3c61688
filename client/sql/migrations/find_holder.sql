-- find_holder.sql: of those that have locks on our tables the one whose transaction is the oldest.  What sessions of another
-- role do may be hidden from this one.
SELECT activity.pid, activity.application_name,
       extract(epoch FROM pg_catalog.clock_timestamp() - activity.xact_start)::bigint
FROM pg_catalog.pg_locks AS taken
JOIN pg_catalog.pg_class AS held ON held.oid = taken.relation
JOIN pg_catalog.pg_stat_activity AS activity ON activity.pid = taken.pid
WHERE taken.locktype = 'relation' AND taken.granted AND taken.pid <> pg_catalog.pg_backend_pid()
  AND taken.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND held.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {schema_name})
ORDER BY activity.xact_start NULLS LAST LIMIT 1;
