-- settings.sql: what our sessions begin with, in the units of pg_settings.
SELECT name, setting FROM pg_catalog.pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'synchronous_standby_names', 'zero_damaged_pages',
               'ignore_checksum_failure', 'data_checksums', 'autovacuum', 'track_counts',
               'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout',
               'statement_timeout', 'lock_timeout', 'max_connections', 'superuser_reserved_connections',
               'reserved_connections', 'max_prepared_transactions', 'default_transaction_read_only',
               'default_transaction_isolation', 'server_version', 'server_version_num', 'server_encoding',
               'session_replication_role', 'data_directory', 'autovacuum_freeze_max_age');
