-- oldest_prepared.sql: the prepared transaction that has waited longest for its end.
SELECT pg_catalog.format('''%s'' of role %s', gid, owner),
       extract(epoch FROM pg_catalog.clock_timestamp() - prepared)::bigint
FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database() ORDER BY prepared LIMIT 1;
