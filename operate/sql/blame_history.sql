-- blame_history.sql: the jobs of transaction $1, or of the one whose savepoint has this id; from version 10 on.  A row that
-- another transaction has brought here (a dump, a subscription) speaks of ids of another server.
SELECT id, task, queue, attempt, asked_in::text, flow, step, worker,
  (extract(epoch FROM began_at)::numeric * 1000000::numeric)::bigint, (extract(epoch FROM at)::numeric * 1000000::numeric)::bigint,
  xid::text
FROM {schema}.history
WHERE xid = coalesce((SELECT top FROM {schema}.history_savepoint AS savepoint
    WHERE savepoint.xid = $1::xid8 AND savepoint.xmin = savepoint.top::xid), $1::xid8)
  AND history.xmin = history.xid::xid
ORDER BY id;
