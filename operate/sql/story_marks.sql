-- story_marks.sql: the unique keys that a job has, or waits for; from version 4 on.
SELECT id = $1, CASE WHEN id = $1 THEN next_id ELSE id END, given_key, until,
       (extract(epoch FROM least(expires_at, '2262-01-01Z'))::numeric * 1000000::numeric)::bigint
FROM {schema}.unique_job WHERE id = $1 OR next_id = $1 LIMIT 10;
