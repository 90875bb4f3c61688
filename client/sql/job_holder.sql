-- job_holder.sql: which worker's transaction has this job right now: by the lock on its row, or on its place in the
-- ledger (see guard_job.sql and guard_ledger.sql).
SELECT pg_catalog.substr(application_name, 4) FROM pg_catalog.pg_stat_activity
WHERE application_name LIKE 'ac:%' AND (
  backend_xid = (SELECT xmax FROM {schema}.job WHERE id = $1::uuid)
  OR pid IN (SELECT pid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
             AND (classid::bigint << 32) | objid::bigint = pg_catalog.hashtextextended($1::uuid::text, 0)));
