SELECT id, queue, (extract(epoch FROM died_at) * 1000000)::bigint, letter FROM {schema}.dead WHERE id = $1;
