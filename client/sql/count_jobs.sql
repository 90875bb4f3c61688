SELECT queue, coalesce(jobs, 0), coalesce(dead, 0), oldest_ms
FROM (SELECT queue, count(*) AS jobs,
             (extract(epoch FROM clock_timestamp() - greatest(min(enqueued_at), 'epoch')) * 1000)::bigint AS oldest_ms
      FROM {schema}.job GROUP BY queue) AS waiting
FULL JOIN (SELECT queue, count(*) AS dead FROM {schema}.dead GROUP BY queue) AS buried USING (queue)
ORDER BY queue;
