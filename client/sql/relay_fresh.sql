-- relay_fresh.sql: one page of the jobs of a queue ($1) that the last snapshot did not show: inserted by transactions
-- that had not begun then ($2, its xmax) or had not ended (among $3, its xip); beyond ($4, $5) in their order.
-- Each branch is a scan of the index job_sweep from where it begins: which the second has to say by one comparison, for
-- given two PostgreSQL may start at the lower one.  "xact > '0'" is the condition of that index, and no bound.
-- The first column is today's snapshot, also where there is no job.
SELECT pg_current_snapshot(), id, xact
FROM (SELECT) AS one LEFT JOIN LATERAL (
  (SELECT late.id, late.xact
   FROM unnest($3::xid8[]) AS running CROSS JOIN LATERAL (
     SELECT id, xact FROM {schema}.job
     WHERE queue = $1 AND xact > '0' AND xact = running
       AND id >= CASE WHEN running = $4::xid8 THEN $5::uuid ELSE '00000000-0000-0000-0000-000000000000' END
       AND (xact, id) <> ($4::xid8, $5::uuid)
     ORDER BY id LIMIT $6) AS late
   WHERE running >= $4::xid8
   ORDER BY xact, id LIMIT $6)
  UNION ALL
  (SELECT id, xact FROM {schema}.job
   WHERE queue = $1 AND xact > '0'
     AND (xact, id) >= (greatest($2::xid8, $4::xid8),
                        CASE WHEN $4::xid8 >= $2::xid8 THEN $5::uuid ELSE '00000000-0000-0000-0000-000000000000' END)
     AND (xact, id) <> ($4::xid8, $5::uuid)
   ORDER BY xact, id LIMIT $6)
  ORDER BY xact, id LIMIT $6) AS fresh ON true
ORDER BY xact, id;
