-- purge_rates.sql: forgets up to a thousand keys of rates that mean nothing any more; answers how many.
WITH gone AS (
  DELETE FROM {schema}.rate WHERE (name, key) IN (
    SELECT name, key FROM {schema}.rate
    WHERE greatest(next_at, last_turn) < pg_catalog.clock_timestamp() - interval '1 hour'
    LIMIT 1000 FOR UPDATE SKIP LOCKED)
  RETURNING 1)
SELECT pg_catalog.count(*) FROM gone;
