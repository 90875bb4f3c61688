-- insert_job.sql: the durable job of a transaction, in the message that commits it
INSERT INTO {schema}.job (id, queue, due_at, envelope)
VALUES ({id}, {queue}, coalesce(pg_catalog.to_timestamp({eta_ms}::float8 / 1000::float8),
  pg_catalog.clock_timestamp() + {countdown_ms}::float8 * interval '1 millisecond'), {envelope});
