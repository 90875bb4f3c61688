-- story_job.sql: the row of a job, the transaction that it came from, and which worker's transaction has it: see find_rows.sql.
SELECT queue, attempt, (extract(epoch FROM least(greatest(due_at, 'epoch'), '2262-01-01Z'))::numeric * 1000000::numeric)::bigint,
       xact::text, envelope, pg_catalog.substr(holder.application_name, 4),
       (extract(epoch FROM holder.xact_start)::numeric * 1000000::numeric)::bigint, due_at > pg_catalog.clock_timestamp()
FROM {schema}.job LEFT JOIN pg_catalog.pg_stat_activity AS holder
  ON holder.backend_xid = job.xmax AND holder.application_name LIKE 'ac:%'
WHERE id = $1;
