-- home_instance.sql: put for "{instance}" in what tells a database from its copies, which have its token: which server,
-- database and schema this is.  A standby says the same, promoted or not, and so does a copy of the server's files; a
-- clone, or what is restored from a dump, says another.
pg_catalog.format('%s/%s/%s', (pg_catalog.pg_control_system()).system_identifier,
  (SELECT oid FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database()),
  {schema_name})
