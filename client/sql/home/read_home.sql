-- read_home.sql: which tables these are, where they are, for people, and which of all that have this token.
SELECT token, pg_catalog.concat(pg_catalog.current_database(), ' at ',
  coalesce(pg_catalog.host(pg_catalog.inet_server_addr()) || ':' || pg_catalog.inet_server_port()::text,
           'a Unix socket, port ' || pg_catalog.current_setting('port'))),
  {instance}
FROM {schema}.home;
