-- mutant_act.sql: for the fault tests: deletes a job at the end, whether it is there or not.
DELETE FROM {schema}.job WHERE id = {id};
