SELECT id, queue, attempt, coalesce(extract(epoch FROM due_at - clock_timestamp()) * 1000, 0)::bigint, envelope
FROM {schema}.job WHERE id > $1 ORDER BY id LIMIT 1000;
