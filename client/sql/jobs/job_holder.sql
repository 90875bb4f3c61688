-- job_holder.sql: which worker's transaction has this job right now: by the lock on its row, or on its place in the
-- ledger (see guard_job.sql and guard_ledger.sql).  And for how many ms none of that worker's sessions has begun or ended
-- a statement: one that lives does so all the time.
WITH holder AS (
  SELECT application_name FROM pg_catalog.pg_stat_activity
  WHERE application_name LIKE 'ac:%' AND (
    backend_xid = (SELECT xmax FROM {schema}.job WHERE id = $1::uuid)
    OR pid IN (SELECT pid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
               AND (classid::bigint << 32) | objid::bigint = pg_catalog.hashtextextended($1::uuid::text, 0)))
  LIMIT 1)
SELECT pg_catalog.substr(application_name, 4),
       coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.max(greatest(state_change, backend_start)))::float8
         * 1000::float8, 0)::bigint
FROM holder JOIN pg_catalog.pg_stat_activity USING (application_name)
GROUP BY application_name;
