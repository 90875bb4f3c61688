-- move_flow.sql: the row of a flow's job as it goes on, at once or in so many ms; in the transaction of guard_step.sql, which
-- has the row.
UPDATE {schema}.job
SET attempt = $2, envelope = $3, due_at = pg_catalog.clock_timestamp() + $4::float8 * interval '1 millisecond'
WHERE id = $1;
