-- receive_letters.sql: keeps what another queue has handed over and is no job here, each once: under its id there, or where it has
-- none that is a UUID, under one made of its letter's raw text.  $1 is a JSON array of objects with id, queue, letter and raw.
-- Answers how many it has kept.
WITH asked AS (
  SELECT DISTINCT ON (id) id, queue, letter
  FROM (SELECT coalesce(id, pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(pg_catalog.convert_to(raw, 'UTF8')), 1, 16),
                                              'hex')::uuid) AS id, queue, letter
        FROM pg_catalog.json_to_recordset($1::json) AS given (id uuid, queue text, letter text, raw text)) AS named
  ORDER BY id),
fresh AS (
  INSERT INTO {schema}.ledger (id)
  SELECT id FROM asked WHERE NOT EXISTS (SELECT FROM {schema}.job WHERE job.id = asked.id)
  ON CONFLICT DO NOTHING RETURNING id),
kept AS (
  INSERT INTO {schema}.dead (id, queue, letter) SELECT id, queue, letter FROM asked JOIN fresh USING (id)
  ON CONFLICT DO NOTHING RETURNING 1)
SELECT pg_catalog.count(*) FROM kept
