-- relay_origin.sql: put for "{origin}" in what a relay reads: of which run of which server this is an answer, and of which
-- job table.  What a snapshot says holds within one run alone: after a crash, a failover or the restore of a backup
-- PostgreSQL gives transaction ids out again.  A crash of one process leaves the postmaster and resets the statistics.
-- Of one statement: its parts are not calls of their own, which might reach two servers.
(SELECT pg_catalog.format('%s.%s.%s.%s %s',
  (extract(epoch FROM pg_catalog.pg_postmaster_start_time())::numeric * 1000000::numeric)::bigint,
  coalesce((extract(epoch FROM pg_catalog.pg_stat_get_bgwriter_stat_reset_time())::numeric * 1000000::numeric)::bigint, 0),
  pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8),
  coalesce(pg_catalog.pg_relation_filenode(pg_catalog.format('%I.job', {schema_name})::regclass), 0),
  {instance}))
