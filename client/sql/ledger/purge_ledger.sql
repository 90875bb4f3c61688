-- purge_ledger.sql: forgets what was done so many hours ago ($1), in small batches that wait for nobody.
DELETE FROM {schema}.ledger WHERE id IN (
  SELECT id FROM {schema}.ledger WHERE done_at < pg_catalog.now() - $1::float8 * interval '1 hour'
  ORDER BY done_at LIMIT 1000 FOR UPDATE SKIP LOCKED);
