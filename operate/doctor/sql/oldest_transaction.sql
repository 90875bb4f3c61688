-- oldest_transaction.sql: the one that has been open longest, of those that keep rows from being cleared.
SELECT pg_catalog.format('process %s of role %s%s%s', pid, coalesce(usename, '?'),
                         CASE WHEN application_name <> '' THEN ', ' || application_name ELSE '' END,
                         CASE WHEN state LIKE 'idle in transaction%' THEN ', idle in its transaction' ELSE '' END),
       extract(epoch FROM pg_catalog.clock_timestamp() - xact_start)::bigint
FROM pg_catalog.pg_stat_activity
WHERE xact_start IS NOT NULL AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
  AND backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid()
ORDER BY xact_start LIMIT 1;
