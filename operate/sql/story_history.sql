-- story_history.sql: the transaction that a job took effect in, and what is kept of it there; from version 10 on.  Steps of a
-- flow are not its effect yet.
SELECT xid::text, (extract(epoch FROM at)::numeric * 1000000::numeric)::bigint, task, queue, asked_in::text, worker
FROM {schema}.history WHERE id = $1 AND step IS NULL AND history.xmin = history.xid::xid ORDER BY xid DESC LIMIT 1;
