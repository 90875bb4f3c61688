-- list_cancelled.sql: the newest $1 of those that were cancelled, in a time that does not depend on how many there are.
SELECT id, queue, task, state,
       (extract(epoch FROM least(greatest(cancelled_at, 'epoch'), '2262-01-01Z'))::numeric * 1000000::numeric)::bigint, note
FROM {schema}.cancelled ORDER BY cancelled_at DESC, id DESC LIMIT $1::bigint;
