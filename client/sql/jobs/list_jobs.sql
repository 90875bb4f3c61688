SELECT id, queue, attempt,
       coalesce(extract(epoch FROM least(greatest(due_at, 'epoch'), '200000-01-01Z') - pg_catalog.clock_timestamp())::float8
         * 1000::float8, 0)::bigint,
       envelope
FROM {schema}.job WHERE id > $1 ORDER BY id LIMIT 1000;
