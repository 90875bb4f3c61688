-- mutant_no_guard.sql: for the fault tests: claims a job without looking.
SELECT pg_current_xact_id(), {id}::text;
