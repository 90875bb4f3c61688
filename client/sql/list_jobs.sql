SELECT id, queue, attempt, coalesce(extract(epoch FROM least(greatest(due_at, 'epoch'), '200000-01-01Z') - clock_timestamp()) * 1000, 0)::bigint, envelope
FROM {schema}.job WHERE id > $1 ORDER BY id LIMIT 1000;
