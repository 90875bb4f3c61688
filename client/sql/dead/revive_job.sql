-- revive_job.sql: from the dead back to the jobs, as it now stands in $2 ($3 is its attempt).  Due since 1970, which no
-- other job is: so a relay knows that what Redis has of it may be the copy that died, and brings another.
WITH gone AS (DELETE FROM {schema}.dead WHERE id = $1 RETURNING id, queue)
INSERT INTO {schema}.job (id, queue, attempt, due_at, envelope) SELECT id, queue, $3, 'epoch', $2 FROM gone;
