-- guard_job.sql: in the message of BEGIN: a durable job takes effect in the transaction that deletes its row.
-- No row: it is done, or stands at another attempt, or another transaction has it right now (which is not waited for).
DELETE FROM {schema}.job
WHERE id = (SELECT id FROM {schema}.job WHERE id = {id} AND attempt = {attempt} FOR UPDATE SKIP LOCKED)
RETURNING pg_current_xact_id();
