SELECT id, queue, (extract(epoch FROM died_at)::numeric * 1000000::numeric)::bigint, letter FROM {schema}.dead WHERE id = $1;
