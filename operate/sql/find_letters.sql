-- find_letters.sql: looks at the next $1 dead jobs, the newest first, of queue $2 or of all if that is empty, behind the one
-- that died at $3 and has the id $4 (null: from the newest), that died since $5 and before $6; and gives up to $9 of those
-- that have the task $7 and the text $8 in their letter.  $10: without the letters.  Whatever it gives: how many it has looked
-- at, and the place of the last.  Queue after queue comes from the index dead_recent, as in list_dead.sql.  A job that could
-- not be read when it died stands in its letter as text within text: who asks looks into that.
WITH RECURSIVE one AS (
  SELECT $2::text AS queue
  UNION ALL
  SELECT (SELECT pg_catalog.min(queue) FROM {schema}.dead WHERE queue > one.queue)
  FROM one WHERE $2::text = '' AND queue IS NOT NULL),
page AS MATERIALIZED (
  SELECT newest.id, newest.queue, newest.died_at, newest.letter
  FROM one CROSS JOIN LATERAL (
    SELECT id, queue, died_at, letter FROM {schema}.dead
    WHERE queue = one.queue AND (died_at, id) < (coalesce($3::timestamptz, 'infinity'),
                                                 coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
      AND died_at >= coalesce($5::timestamptz, '-infinity') AND died_at < coalesce($6::timestamptz, 'infinity')
    ORDER BY died_at DESC, id DESC LIMIT $1::bigint) AS newest
  ORDER BY newest.died_at DESC, newest.id DESC LIMIT $1::bigint),
ended AS (
  SELECT (SELECT pg_catalog.count(*) FROM page) AS looked_at,
         (SELECT (extract(epoch FROM least(greatest(died_at, 'epoch'), '2262-01-01Z'))::numeric * 1000000::numeric)::bigint
          FROM page ORDER BY died_at, id LIMIT 1) AS died_us,
         (SELECT id FROM page ORDER BY died_at, id LIMIT 1) AS id)
SELECT ended.looked_at, ended.died_us, ended.id, shown.*
FROM ended LEFT JOIN LATERAL (
  SELECT id AS job, queue,
         (extract(epoch FROM least(greatest(died_at, 'epoch'), '2262-01-01Z'))::numeric * 1000000::numeric)::bigint AS shown_us,
         CASE WHEN $10::boolean THEN '' ELSE letter END AS letter
  FROM page
  WHERE ($7::text = '' OR pg_catalog.strpos(letter, '"task":"' || $7::text || '"') > 0
         OR pg_catalog.strpos(letter, '"task": "' || $7::text || '"') > 0 OR pg_catalog.strpos(letter, '"raw') > 0)
    AND ($8::text = '' OR pg_catalog.strpos(letter, $8::text) > 0 OR pg_catalog.strpos(letter, '"raw') > 0)
  ORDER BY died_at DESC, id DESC LIMIT $9::bigint) AS shown ON true;
