-- look_for_job.sql: the job as it stands now, and which table says so; without a row all but the first column is null.
SELECT token, id, queue, attempt, coalesce(extract(epoch FROM due_at - clock_timestamp()) * 1000, 0)::bigint, envelope
FROM {schema}.home LEFT JOIN {schema}.job ON id = $1;
