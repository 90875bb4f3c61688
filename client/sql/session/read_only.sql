-- read_only.sql: whether this is a standby, and whether transactions are read-only unless they say otherwise.
SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('default_transaction_read_only')::bool;
