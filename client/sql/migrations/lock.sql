-- lock.sql: one migration of a schema at a time; the lock ends with the transaction.  So do the settings, whatever the
-- session's own: backslashes are letters, and names of functions and types mean PostgreSQL's.
SET LOCAL standard_conforming_strings = on;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT pg_advisory_xact_lock(hashtextextended('aftercommit.migrate ' || {schema_name}, 0));
