-- read_home.sql: which tables these are, and where they are, for people.
SELECT token, pg_catalog.concat(pg_catalog.current_database(), ' at ',
  coalesce(pg_catalog.host(pg_catalog.inet_server_addr()) || ':' || pg_catalog.inet_server_port()::text,
           'a Unix socket, port ' || pg_catalog.current_setting('port')))
FROM {schema}.home;
