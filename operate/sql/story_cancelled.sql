-- story_cancelled.sql: when a job was cancelled, and where it stood; from version 3 on.
SELECT (extract(epoch FROM least(greatest(cancelled_at, 'epoch'), '2262-01-01Z'))::numeric * 1000000::numeric)::bigint, state,
       note, queue, task
FROM {schema}.cancelled WHERE id = $1;
