-- insert_jobs.sql: several of them, a column as an array: VALUES are read and planned one by one, at a multiple of the time.
-- Where an array is NULL so is each of its values; a queue is {queue} then.
INSERT INTO {schema}.job (id, queue, due_at, envelope)
SELECT j.id, coalesce(j.queue, {queue}::text), coalesce(pg_catalog.to_timestamp(j.eta_ms / 1000::float8),
  pg_catalog.clock_timestamp() + j.countdown_ms * interval '1 millisecond'), j.envelope
FROM unnest({ids}::uuid[], {queues}::text[], {etas_ms}::float8[], {countdowns_ms}::float8[], {envelopes}::text[])
  AS j (id, queue, eta_ms, countdown_ms, envelope);
