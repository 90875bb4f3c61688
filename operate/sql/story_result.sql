-- story_result.sql: what a job has returned, and the transaction it took effect in; from version 5 on.
SELECT task, value::text, (extract(epoch FROM stored_at)::numeric * 1000000::numeric)::bigint,
       (extract(epoch FROM least(expires_at, '2262-01-01Z'))::numeric * 1000000::numeric)::bigint, xmin::text
FROM {schema}.result WHERE id = $1;
