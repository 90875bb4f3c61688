-- bounds.sql: before the steps of a schema that programs use.  Who waits for a lock keeps those waiting who come after, and
-- who has one those who need it: neither for long.  What does not fit is undone, and migrate tries again.  The last bound
-- is for a program that freezes before its COMMIT.
SET LOCAL lock_timeout = '200ms';
SET LOCAL statement_timeout = '500ms';
SET LOCAL idle_in_transaction_session_timeout = '1s';
