-- server.sql: whether it is a standby, who we are there, whether we see what others are at, and whether we came by a
-- socket of this machine.
SELECT pg_catalog.pg_is_in_recovery(), current_user,
       pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
       coalesce(pg_catalog.inet_server_addr() << '127.0.0.0/8' OR pg_catalog.inet_server_addr() = '::1', true);
