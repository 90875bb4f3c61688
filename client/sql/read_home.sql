-- read_home.sql: which tables these are, and where they are, for people.
SELECT token, current_database() || ' at '
  || coalesce(host(inet_server_addr()) || ':' || inet_server_port(), 'a Unix socket, port ' || current_setting('port'))
FROM {schema}.home;
