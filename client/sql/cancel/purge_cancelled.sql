-- purge_cancelled.sql: as purge_ledger.sql, of what was cancelled.
DELETE FROM {schema}.cancelled WHERE id IN (
  SELECT id FROM {schema}.cancelled
  WHERE cancelled_at < pg_catalog.now() - $1::float8 * interval '1 hour' AND state <> 'requested'
  ORDER BY cancelled_at LIMIT 1000 FOR UPDATE SKIP LOCKED);
