-- insert_again.sql: its job, which wake_flow.sql has a relay bring.
INSERT INTO {schema}.job (id, queue, due_at, envelope) VALUES ($1, $2, pg_catalog.clock_timestamp(), $3);
