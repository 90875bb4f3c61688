-- tell_of_jobs.sql: wakes those who take jobs from the table.  After the commit that has made them, and beside it: a commit
-- that notifies waits for all others that do, in the whole database.  Losing this one would cost a part of a second.
SET LOCAL synchronous_commit = off;
SELECT pg_catalog.pg_notify({schema_name}, '');
