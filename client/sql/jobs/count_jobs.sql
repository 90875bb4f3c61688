SELECT queue, coalesce(jobs, 0), coalesce(dead, 0), oldest_ms, coalesce(retrying, 0)
FROM (SELECT queue, pg_catalog.count(*) AS jobs, pg_catalog.count(*) FILTER (WHERE attempt > 1) AS retrying,
             (extract(epoch FROM pg_catalog.clock_timestamp() - greatest(pg_catalog.min(enqueued_at), 'epoch'))::float8
               * 1000::float8)::bigint AS oldest_ms
      FROM {schema}.job GROUP BY queue) AS waiting
FULL JOIN (SELECT queue, pg_catalog.count(*) AS dead FROM {schema}.dead GROUP BY queue) AS buried USING (queue)
ORDER BY queue;
