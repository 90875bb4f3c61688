-- find_locked.sql: which of these jobs another transaction has locked right now.  Takes no lock itself, so that nobody
-- takes a free job for a locked one meanwhile; where several share a lock it is not seen.
SELECT id FROM {schema}.job
WHERE id = ANY ($1::uuid[]) AND xmax <> 0
  AND xmax IN (SELECT transactionid FROM pg_catalog.pg_locks WHERE locktype = 'transactionid' AND granted);
