-- note_savepoint.sql: in the message of RELEASE SAVEPOINT: the ids that the open savepoints have, which nobody can tell
-- afterwards.  The server has each as a lock of its transaction's own session until then.  A setting of the transaction
-- remembers them: it is forgotten with what is rolled back, as are the rows.  Only as much of it as stays quick to write anew.
SELECT pg_catalog.set_config('aftercommit.savepoints', pg_catalog.concat_ws(',', noted.ids,
  (SELECT pg_catalog.string_agg(held.transactionid::pg_catalog.text, ',') FROM pg_catalog.pg_locks AS held
   WHERE held.locktype OPERATOR(pg_catalog.=) 'transactionid' AND held.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
     AND held.mode OPERATOR(pg_catalog.=) 'ExclusiveLock'
     AND held.transactionid::pg_catalog.text OPERATOR(pg_catalog.<>) pg_catalog.pg_current_xact_id()::pg_catalog.xid::pg_catalog.text
     AND pg_catalog.strpos(pg_catalog.concat(',', noted.ids, ','),
       pg_catalog.concat(',', held.transactionid::pg_catalog.text, ',')) OPERATOR(pg_catalog.=) 0)), true)
FROM (SELECT nullif(pg_catalog.current_setting('aftercommit.savepoints', true), '') AS ids) AS noted
WHERE pg_catalog.length(coalesce(noted.ids, '')) OPERATOR(pg_catalog.<) 20000;
