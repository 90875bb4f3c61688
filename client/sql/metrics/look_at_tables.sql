-- look_at_tables.sql: how many rows each table has, and for how many seconds the first of each of these queues ($1) is there,
-- by the order in which the relay reads them.  It takes the same time however many they are: 10,000 at most are counted,
-- and what is beyond stands in the statistics of PostgreSQL (-1: there are none).
SELECT 'counted', 'job', (SELECT pg_catalog.count(*) FROM (SELECT FROM {schema}.job LIMIT 10000) AS counted)::float8
UNION ALL
SELECT 'counted', 'dead', (SELECT pg_catalog.count(*) FROM (SELECT FROM {schema}.dead LIMIT 10000) AS counted)::float8
UNION ALL
SELECT 'counted', 'ledger', (SELECT pg_catalog.count(*) FROM (SELECT FROM {schema}.ledger LIMIT 10000) AS counted)::float8
UNION ALL
SELECT 'estimated', relname::text, reltuples::float8 FROM pg_catalog.pg_class
WHERE relname IN ('job', 'dead', 'ledger')
  AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {schema_name})
UNION ALL
SELECT 'oldest', asked.queue, (
  SELECT extract(epoch FROM pg_catalog.clock_timestamp() - enqueued_at)::float8 FROM {schema}.job
  WHERE job.queue = asked.queue AND xact > '0' ORDER BY xact, id LIMIT 1)
FROM pg_catalog.unnest($1::text[]) AS asked (queue);
