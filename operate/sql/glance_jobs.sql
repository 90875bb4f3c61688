-- glance_jobs.sql: of each queue how many rows wait, $1 of them at most; where there are more, about how many by what the
-- server knows of the table; and the age of the row that was inserted first.
-- From the index job_sweep alone, so that it costs the same whatever the number of rows.
WITH RECURSIVE one AS (
  SELECT pg_catalog.min(queue) AS queue FROM {schema}.job WHERE xact > '0'
  UNION ALL
  SELECT (SELECT pg_catalog.min(queue) FROM {schema}.job WHERE queue > one.queue AND xact > '0')
  FROM one WHERE queue IS NOT NULL),
{shares}
SELECT one.queue, counted.jobs,
       CASE WHEN counted.jobs >= $1::bigint AND share.part IS NOT NULL AND size.rows >= 0 THEN
         greatest(counted.jobs, (size.rows::float8 * share.part::float8)::bigint) END,
       (SELECT (extract(epoch FROM pg_catalog.clock_timestamp() - greatest(j.enqueued_at, 'epoch'))::float8
                 * 1000::float8)::bigint
        FROM {schema}.job AS j WHERE j.queue = one.queue AND j.xact > '0' ORDER BY j.xact, j.id LIMIT 1)
FROM one
LEFT JOIN size ON true
LEFT JOIN share ON share.queue = one.queue
CROSS JOIN LATERAL (
  SELECT pg_catalog.count(*) AS jobs
  FROM (SELECT FROM {schema}.job AS j WHERE j.queue = one.queue AND j.xact > '0' LIMIT $1::bigint) AS few) AS counted
WHERE one.queue IS NOT NULL;
