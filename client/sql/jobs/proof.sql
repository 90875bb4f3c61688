-- proof.sql: in the message of COMMIT: the transaction that is about to commit is the one with the guard, and it is
-- durable whatever the server's default.  In another one, or in one that has failed, this statement fails, and
-- COMMIT is not reached; the value it then complains of is the sentence to read.
SELECT pg_catalog.set_config('synchronous_commit', CASE
  WHEN pg_catalog.pg_current_xact_id_if_assigned() OPERATOR(pg_catalog.=) {xact}::xid8 THEN 'on'
  ELSE 'the task has ended the transaction of its job by itself' END, true);
