-- mutant_check.sql: for the fault tests: looks for a job without holding on to what it has seen.
SELECT pg_current_xact_id(), id FROM {schema}.job WHERE id = {id};
