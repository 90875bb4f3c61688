-- purge_marks.sql: looks at the next thousand marks behind the key $1, in hex, and takes away those that hold nothing any more:
-- how many there were, how many went, and the last key.  Keys are hashes, so any thousand of them is a fair sample.  A mark
-- that somebody has changed since names another job than the one that was seen to be gone.
WITH seen AS MATERIALIZED (
  SELECT key, id, next_id, expires_at FROM {schema}.unique_job
  WHERE key > pg_catalog.decode($1, 'hex') ORDER BY key LIMIT 1000),
gone AS (
  DELETE FROM {schema}.unique_job WHERE key IN (
    SELECT mark.key FROM {schema}.unique_job AS mark
    JOIN seen ON seen.key = mark.key AND seen.id = mark.id AND seen.next_id IS NOT DISTINCT FROM mark.next_id
    WHERE (mark.expires_at IS NULL OR mark.expires_at < pg_catalog.clock_timestamp())
      AND NOT EXISTS (SELECT FROM {schema}.job WHERE job.id = seen.id)
      AND NOT EXISTS (SELECT FROM {schema}.job WHERE job.id = seen.next_id)
    FOR UPDATE OF mark SKIP LOCKED)
  RETURNING key)
SELECT (SELECT pg_catalog.count(*) FROM seen), (SELECT pg_catalog.count(*) FROM gone),
       (SELECT pg_catalog.encode(key, 'hex') FROM seen ORDER BY key DESC LIMIT 1);
