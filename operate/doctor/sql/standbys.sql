-- standbys.sql: how many follow, and how many of them a COMMIT waits for.
SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE sync_state IN ('sync', 'quorum'))
FROM pg_catalog.pg_stat_replication;
