-- queue_shares.sql: a part of the glances: how large the server takes a table to be, and which part of it each of the most
-- common queues.
size AS (
  SELECT c.reltuples AS rows FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = {schema_name} AND c.relname = {table}),
share AS (
  SELECT common.queue, common.part
  FROM pg_catalog.pg_stats AS s
  CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(s.most_common_vals::text::text[]),
                                pg_catalog.unnest(s.most_common_freqs)) AS common(queue, part)
  WHERE s.schemaname = {schema_name} AND s.tablename = {table} AND s.attname = 'queue')
