-- purge_results.sql: forgets the values whose time has passed, in small batches that wait for nobody.
DELETE FROM {schema}.result WHERE id IN (
  SELECT id FROM {schema}.result WHERE expires_at < pg_catalog.clock_timestamp()
  ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED);
