SELECT id, queue FROM {schema}.dead WHERE id > $1 ORDER BY id LIMIT 10000;
