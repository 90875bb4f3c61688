-- receive_jobs.sql: enters jobs under the ids that another queue has given them, which may hand each over several times: those
-- of which none was taken before, however it has ended.  $1 is a JSON array of objects with id, queue, attempt, due_ms and
-- envelope.  Answers how many it has entered.  By id, so that two who receive the same wait for each other one way round.
WITH asked AS (
  SELECT DISTINCT ON (id) id, queue, attempt, due_ms, envelope
  FROM pg_catalog.json_to_recordset($1::json) AS asked (id uuid, queue text, attempt int, due_ms float8, envelope text)
  ORDER BY id),
fresh AS (
  INSERT INTO {schema}.ledger (id)
  SELECT id FROM asked WHERE NOT EXISTS (SELECT FROM {schema}.dead WHERE dead.id = asked.id)
  ON CONFLICT DO NOTHING RETURNING id),
entered AS (
  INSERT INTO {schema}.job (id, queue, attempt, due_at, envelope)
  SELECT id, queue, attempt, pg_catalog.to_timestamp(due_ms / 1000::float8), envelope FROM asked JOIN fresh USING (id)
  ON CONFLICT DO NOTHING RETURNING 1)
SELECT (SELECT pg_catalog.count(*) FROM entered), {notice}
