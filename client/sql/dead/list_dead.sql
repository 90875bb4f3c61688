-- list_dead.sql: the newest $4 dead jobs of queue $1, or of all if that is empty; of those that follow on the one which
-- died at $2 and has the id $3, unless these are null.
-- Queue after queue comes from the index dead_recent, and the newest of each from its end: a page costs what it shows.
WITH RECURSIVE one AS (
  SELECT $1::text AS queue
  UNION ALL
  SELECT (SELECT pg_catalog.min(queue) FROM {schema}.dead WHERE queue > one.queue)
  FROM one WHERE $1 = '' AND queue IS NOT NULL)
SELECT id, newest.queue,
       (extract(epoch FROM least(greatest(died_at, 'epoch'), '2262-01-01Z'))::numeric * 1000000::numeric)::bigint, letter
FROM one CROSS JOIN LATERAL (
  SELECT id, queue, died_at, letter FROM {schema}.dead
  WHERE queue = one.queue AND (died_at, id) < (coalesce($2::timestamptz, 'infinity'),
                                               coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  ORDER BY died_at DESC, id DESC LIMIT $4::bigint) AS newest
ORDER BY died_at DESC, id DESC LIMIT $4::bigint;
