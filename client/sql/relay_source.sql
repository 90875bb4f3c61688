-- relay_source.sql: which database this is, and which branch of its history: a restored backup is another one.
SELECT (pg_control_system()).system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
  || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '/' || $1::text;
