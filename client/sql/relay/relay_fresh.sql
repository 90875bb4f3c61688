-- relay_fresh.sql: one page of the jobs of a queue that the last snapshot did not show: inserted by transactions that
-- had not begun then ({xmax}) or had not ended (among {xip}); beyond ({xact}, {id}) in their order.
-- Each branch is a scan of the index job_sweep from where it begins: which it has to say by one comparison, for given two
-- PostgreSQL may start at the lower one.  "xact > '0'" is the condition of that index, and no bound.
-- And no other way will do: of a table without statistics PostgreSQL expects a handful of rows, would rather sort them,
-- and so read all that are left for each page.  Nor may the key offer an order by id: so "xact = running" takes two bounds.
-- The first columns are today's snapshot and whose it is, also where there is no job; the last one tells a job that was
-- brought back from the dead (revive_job.sql).
-- A standby's snapshot hides who is at work on the primary: READ WRITE is refused there, and before a snapshot is taken.
SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
SET LOCAL enable_bitmapscan = off;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_indexscan = on;
SET LOCAL enable_nestloop = on;
SET LOCAL jit = off;
SELECT {origin}, pg_catalog.pg_current_snapshot(), id, xact, due_at IS NOT DISTINCT FROM 'epoch'
FROM (SELECT) AS one LEFT JOIN LATERAL (
  (SELECT late.id, late.xact, late.due_at
   FROM pg_catalog.unnest({xip}::xid8[]) AS running CROSS JOIN LATERAL (
     SELECT id, xact, due_at FROM {schema}.job
     WHERE queue = {queue} AND xact > '0' AND xact <= running
       AND (xact, id) >= (running, CASE WHEN running = {xact}::xid8 THEN {id}::uuid
                                        ELSE '00000000-0000-0000-0000-000000000000' END)
       AND (xact, id) <> ({xact}::xid8, {id}::uuid)
     ORDER BY xact, id LIMIT {limit}) AS late
   WHERE running >= {xact}::xid8
   ORDER BY xact, id LIMIT {limit})
  UNION ALL
  (SELECT id, xact, due_at FROM {schema}.job
   WHERE queue = {queue} AND xact > '0'
     AND (xact, id) >= (greatest({xmax}::xid8, {xact}::xid8),
                        CASE WHEN {xact}::xid8 >= {xmax}::xid8 THEN {id}::uuid ELSE '00000000-0000-0000-0000-000000000000' END)
     AND (xact, id) <> ({xact}::xid8, {id}::uuid)
   ORDER BY xact, id LIMIT {limit})
  ORDER BY xact, id LIMIT {limit}) AS fresh ON true
ORDER BY xact, id;
