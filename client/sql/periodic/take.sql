-- take.sql: locks the periodic task of app $1 that is declared as in $2, one, if there is something to do and nobody else is at
-- it: whether it is due, its next tick (null: to be worked out), the time of this transaction, in seconds since 1970, and how
-- many runs an operator has asked for.
SELECT NOT known.paused AND coalesce(known.next_at <= pg_catalog.now(), true),
       CASE WHEN pg_catalog.isfinite(known.next_at)
            THEN pg_catalog.floor(extract(epoch FROM known.next_at)::float8)::bigint END,
       pg_catalog.floor(extract(epoch FROM pg_catalog.now())::float8)::bigint,
       known.runs_asked
FROM {schema}.periodic AS known
JOIN {declared} ON known.name = given.name AND known.task = given.task AND known.schedule = given.schedule
  AND known.zone = given.zone AND known.missed = given.missed AND known.envelope = given.envelope
WHERE known.app = $1
  AND (known.runs_asked > 0 OR NOT known.paused AND (known.next_at IS NULL OR known.next_at <= pg_catalog.now()))
FOR UPDATE OF known SKIP LOCKED;
