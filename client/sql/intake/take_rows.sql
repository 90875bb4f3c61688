-- take_rows.sql: the rows of these jobs ({ids}, in their order) as they are now, each marked for this session if it is due
-- and no other session has marked it: so that two workers do not come for the same jobs.  A mark is a hint, and an advisory
-- lock: it costs no write, and ends with its session.  Who runs a job is decided by the lock on its row, as ever.
-- Before that the marks of {done} are taken away.  The last columns are null where the row is gone; `ours` where it is not due.
-- PostgreSQL is not to join by reading a table as a whole of which it believes that it is empty.
SET LOCAL enable_seqscan = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_nestloop = on;
SET LOCAL jit = off;
SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended({schema_name} || id::text, 0))
FROM pg_catalog.unnest({done}::uuid[]) AS id;
WITH wanted AS MATERIALIZED (
  SELECT asked.id, asked.place, job.id AS found, job.queue, job.attempt,
         coalesce(extract(epoch FROM least(greatest(job.due_at, 'epoch'), '200000-01-01Z')
           - pg_catalog.clock_timestamp())::float8 * 1000::float8, 0)::bigint AS due_in,
         job.envelope
  FROM pg_catalog.unnest({ids}::uuid[]) WITH ORDINALITY AS asked(id, place)
  LEFT JOIN {schema}.job ON job.id = asked.id),
marked AS MATERIALIZED (
  SELECT *, CASE WHEN found IS NOT NULL AND due_in <= 0 THEN
    {all} OR pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended({schema_name} || id::text, 0)) END AS ours
  FROM wanted)
SELECT id, ours, found, queue, attempt, due_in, CASE WHEN ours THEN envelope END FROM marked ORDER BY place;
