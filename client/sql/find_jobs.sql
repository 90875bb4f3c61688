SELECT id, queue, attempt, coalesce(extract(epoch FROM due_at - clock_timestamp()) * 1000, 0)::bigint, envelope
FROM {schema}.job WHERE id = ANY ($1::uuid[]);
