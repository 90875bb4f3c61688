SELECT id, queue, (extract(epoch FROM died_at) * 1000)::bigint, letter
FROM {schema}.dead WHERE $1 = '' OR queue = $1 ORDER BY died_at DESC, id OFFSET $2 LIMIT $3;
