-- move.sql: of the periodic task $2 of app $1, which this transaction has locked, all is done: if it was due ($3), it is so next
-- at $4 (null: never again).  What has been run last: tick $5 as job $6; null: nothing.
UPDATE {schema}.periodic
SET next_at = CASE WHEN $3::boolean THEN coalesce($4::timestamptz, 'infinity') ELSE next_at END, runs_asked = 0,
    last_tick = coalesce($5::timestamptz, last_tick), last_job = coalesce($6::uuid, last_job)
WHERE app = $1 AND name = $2;
