-- purge_progress.sql: forgets what jobs have said that came to no good end, a day after their last word.
DELETE FROM {schema}.progress WHERE id IN (
  SELECT id FROM {schema}.progress WHERE at < pg_catalog.clock_timestamp() - interval '1 day'
  LIMIT 1000 FOR UPDATE SKIP LOCKED);
