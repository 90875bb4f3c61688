-- find_rows.sql: looks at the next $1 rows of the job table behind the place $2, $3 (null: from the beginning), in queue $4
-- unless that is empty, and gives up to $12 of those that a filter lets through: task $5, texts in the envelope $6 and $7,
-- state $8, asked for since $9 and before $10; $11 are the queues that are paused.  Whatever it gives: how many it has
-- looked at, and the place of the last.  The claim of a running job has deleted its row, in a transaction that is open: so
-- whose that is tells which worker runs it.
WITH holder AS MATERIALIZED (
  SELECT backend_xid AS xact, pg_catalog.substr(application_name, 4) AS worker, xact_start AS began_at
  FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL AND application_name LIKE 'ac:%'),
page AS MATERIALIZED (
  SELECT id, queue, attempt, due_at, xact, enqueued_at, envelope, xmax AS locker
  FROM {schema}.job WHERE {range} ORDER BY {order} LIMIT $1::bigint),
seen AS (
  SELECT page.*, holder.worker, holder.began_at,
         CASE WHEN holder.xact IS NOT NULL THEN 'running'
              WHEN attempt > 1 THEN 'retrying'
              WHEN due_at > pg_catalog.clock_timestamp() THEN 'delayed'
              WHEN queue = ANY ($11::text[]) THEN 'paused'
              ELSE 'ready' END AS state
  FROM page LEFT JOIN holder ON holder.xact = page.locker),
last AS (SELECT xact, id FROM page ORDER BY {reverse} LIMIT 1),
ended AS (
  SELECT (SELECT pg_catalog.count(*) FROM page) AS looked_at, (SELECT xact::text FROM last) AS xact,
         (SELECT id FROM last) AS id)
SELECT ended.looked_at, ended.xact, ended.id, shown.*
FROM ended LEFT JOIN LATERAL (
  SELECT id AS job, queue, attempt,
         (extract(epoch FROM least(greatest(due_at, 'epoch'), '2262-01-01Z'))::numeric * 1000000::numeric)::bigint AS due_us,
         xact::text AS from_xact,
         (extract(epoch FROM least(greatest(enqueued_at, 'epoch'), '2262-01-01Z'))::numeric * 1000000::numeric)::bigint
           AS enqueued_us,
         envelope, worker, (extract(epoch FROM began_at)::numeric * 1000000::numeric)::bigint AS began_us, state
  FROM seen
  WHERE ($5::text = '' OR pg_catalog.strpos(envelope, '"task":"' || $5::text || '"') > 0
         OR pg_catalog.strpos(envelope, '"task": "' || $5::text || '"') > 0)
    AND ($6::text = '' OR pg_catalog.strpos(envelope, $6::text) > 0)
    AND ($7::text = '' OR pg_catalog.strpos(envelope, $7::text) > 0)
    AND ($8::text = '' OR state = $8::text)
    AND enqueued_at >= coalesce($9::timestamptz, '-infinity') AND enqueued_at < coalesce($10::timestamptz, 'infinity')
  ORDER BY {order} LIMIT $12::bigint) AS shown ON true;
