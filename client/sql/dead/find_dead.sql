SELECT id, queue, (extract(epoch FROM least(greatest(died_at, 'epoch'), '2262-01-01Z'))::numeric * 1000000::numeric)::bigint,
       letter
FROM {schema}.dead WHERE id = $1;
