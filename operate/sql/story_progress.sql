-- story_progress.sql: how far a job says that it has got; from version 5 on.
SELECT attempt, done, total, note, (extract(epoch FROM at)::numeric * 1000000::numeric)::bigint
FROM {schema}.progress WHERE id = $1;
