-- list_tasks.sql: each task with each queue whose workers know it, by name; 100000 lines at most.
SELECT task, name, queue, (extract(epoch FROM seen_at)::numeric * 1000000::numeric)::bigint
FROM {schema}.app CROSS JOIN LATERAL pg_catalog.unnest(tasks) AS task
ORDER BY task, name, queue LIMIT 100000;
