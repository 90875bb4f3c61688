-- purge_savepoints.sql: forgets the lowest ids of savepoints whose transactions the history knows no more.
DELETE FROM {schema}.history_savepoint WHERE xid IN (
  SELECT xid FROM {schema}.history_savepoint WHERE xid IN (
    SELECT xid FROM (SELECT xid, top FROM {schema}.history_savepoint ORDER BY xid LIMIT 1000) AS oldest
    WHERE NOT EXISTS (SELECT FROM {schema}.history WHERE history.xid = oldest.top))
  FOR UPDATE SKIP LOCKED);
