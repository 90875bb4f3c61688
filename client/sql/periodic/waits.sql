-- waits.sql: the periodic tasks of app $1 that are declared as in $2, and in how many ms each is due, an hour at most; what is due
-- comes first.  One that is paused only if an operator asks for a run of it.
SELECT known.name,
       CASE WHEN known.runs_asked > 0 THEN 0::bigint
            ELSE pg_catalog.ceil(extract(epoch FROM least(coalesce(known.next_at, pg_catalog.now()),
                                                          pg_catalog.now() + interval '1 hour') - pg_catalog.now())::float8
                                 * 1000::float8)::bigint END AS wait_ms
FROM {schema}.periodic AS known
JOIN {declared} ON known.name = given.name AND known.task = given.task AND known.schedule = given.schedule
  AND known.zone = given.zone AND known.missed = given.missed AND known.envelope = given.envelope
WHERE known.app = $1 AND (NOT known.paused OR known.runs_asked > 0)
ORDER BY 2, 1;
