-- purge_history.sql: forgets what was written so many hours ago ($1), the lowest ids first, in small batches that wait for
-- nobody.  Ids grow with time, so no index by time is needed; who writes one job a row pays for each.
DELETE FROM {schema}.history WHERE (xid, id) IN (
  SELECT xid, id FROM {schema}.history WHERE (xid, id) IN (
    SELECT xid, id FROM (SELECT xid, id, at FROM {schema}.history ORDER BY xid, id LIMIT 1000) AS oldest
    WHERE at < pg_catalog.now() - $1::float8 * interval '1 hour')
  FOR UPDATE SKIP LOCKED);
