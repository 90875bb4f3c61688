-- claim_jobs_in.sql: as claim_jobs.sql, in a transaction that others have begun, and so of the form of enqueue_in.sql.  The object
-- has besides the task and what makes its jobs unique; each of the jobs, in the order of all callers, has a key or args and its
-- place n among those that were asked for.  Answers an array of [n, id of the one that has won, whether that is the new one].
WITH given AS (SELECT CAST($1 AS json) AS call),
claimed AS (
  SELECT asked.n, one.winner, one.own
  FROM given
  CROSS JOIN LATERAL pg_catalog.json_to_recordset(given.call->'jobs') AS asked (n int, key text, args text, id uuid, envelope text)
  CROSS JOIN LATERAL {schema}.claim_unique(
    given.call->>'task', asked.args, asked.key, given.call->>'until',
    CAST(given.call->>'for_ms' AS float8) * interval '1 millisecond', given.call->>'on_duplicate',
    CAST(given.call->>'longest_delay_ms' AS float8) * interval '1 millisecond', asked.id, given.call->>'queue',
    coalesce(pg_catalog.to_timestamp(CAST(given.call->>'eta_ms' AS float8) / CAST(1000 AS float8)),
             pg_catalog.clock_timestamp() + CAST(given.call->>'countdown_ms' AS float8) * interval '1 millisecond'),
    asked.envelope) AS one)
SELECT pg_catalog.concat((SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n, winner, own)) FROM claimed), {notice})
