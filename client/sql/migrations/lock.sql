-- lock.sql: one migration of a schema at a time; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('aftercommit.migrate ' || {schema_name}, 0));
