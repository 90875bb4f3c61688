-- tell_flow.sql: in the message of COMMIT: a job that a flow waits for takes effect.  It runs among the names of the task's
-- session.
SELECT {schema}.child_done({id}::uuid, {value}::json);
