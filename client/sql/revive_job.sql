-- revive_job.sql: from the dead back to the jobs, as it now stands in $2 ($3 is its attempt).
WITH gone AS (DELETE FROM {schema}.dead WHERE id = $1 RETURNING id, queue)
INSERT INTO {schema}.job (id, queue, attempt, envelope) SELECT id, queue, $3, $2 FROM gone;
