-- glance_dead.sql: of each queue how many are dead, $1 of them at most; where there are more, about how many by what the
-- server knows of the table; and how many have died within the last minute, $1 of them at most.
-- From the index dead_recent alone, so that it costs the same whatever the number of the dead.
WITH RECURSIVE one AS (
  SELECT pg_catalog.min(queue) AS queue FROM {schema}.dead
  UNION ALL
  SELECT (SELECT pg_catalog.min(queue) FROM {schema}.dead WHERE queue > one.queue)
  FROM one WHERE queue IS NOT NULL),
{shares}
SELECT one.queue, counted.jobs,
       CASE WHEN counted.jobs >= $1::bigint AND share.part IS NOT NULL AND size.rows >= 0 THEN
         greatest(counted.jobs, (size.rows::float8 * share.part::float8)::bigint) END,
       lately.jobs
FROM one
LEFT JOIN size ON true
LEFT JOIN share ON share.queue = one.queue
CROSS JOIN LATERAL (
  SELECT pg_catalog.count(*) AS jobs
  FROM (SELECT FROM {schema}.dead AS d WHERE d.queue = one.queue LIMIT $1::bigint) AS few) AS counted
CROSS JOIN LATERAL (
  SELECT pg_catalog.count(*) AS jobs
  FROM (SELECT FROM {schema}.dead AS d
        WHERE d.queue = one.queue AND d.died_at > pg_catalog.now() - interval '1 minute' LIMIT $1::bigint) AS few) AS lately
WHERE one.queue IS NOT NULL;
