-- look_for_job.sql: the job as it stands now, and which table says so; without a row all but the first two columns are
-- null.
SELECT token, {instance}, id, queue, attempt,
       coalesce(extract(epoch FROM least(greatest(due_at, 'epoch'), '200000-01-01Z') - pg_catalog.clock_timestamp())::float8
         * 1000::float8, 0)::bigint,
       envelope
FROM {schema}.home LEFT JOIN {schema}.job ON id = $1;
