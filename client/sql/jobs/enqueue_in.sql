-- enqueue_in.sql: enters durable jobs in a transaction that others have begun, by whatever driver they have: so one parameter,
-- no colon, question mark or per cent, one row of one text.  The parameter is a JSON object with queue, eta_ms, countdown_ms,
-- and jobs, of which each has an id and an envelope.  Answers how many it has entered.
WITH given AS (SELECT CAST($1 AS json) AS call),
entered AS (
  INSERT INTO {schema}.job (id, queue, due_at, envelope)
  SELECT asked.id, given.call->>'queue',
         coalesce(pg_catalog.to_timestamp(CAST(given.call->>'eta_ms' AS float8) / CAST(1000 AS float8)),
                  pg_catalog.clock_timestamp() + CAST(given.call->>'countdown_ms' AS float8) * interval '1 millisecond'),
         asked.envelope
  FROM given
  CROSS JOIN LATERAL pg_catalog.json_to_recordset(given.call->'jobs') AS asked (id uuid, envelope text)
  RETURNING 1)
SELECT pg_catalog.concat((SELECT pg_catalog.count(*) FROM entered), {notice})
