-- slots.sql: what replication slots keep.
SELECT slot_name, active, xmin IS NOT NULL OR catalog_xmin IS NOT NULL,
       coalesce(pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
                                                ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn), 0)::float8
FROM pg_catalog.pg_replication_slots;
