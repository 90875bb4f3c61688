-- pause.sql: pauses ($3) the periodic task $2 of app $1, or lets it go on: from the next tick on, which a worker works out.
UPDATE {schema}.periodic SET paused = $3::boolean, next_at = CASE WHEN $3::boolean THEN next_at END
WHERE app = $1 AND name = $2 AND paused <> $3::boolean;
