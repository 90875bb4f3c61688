-- insert_jobs.sql: the durable jobs of a transaction, in the message that commits it; {rows} are insert_row.sql.
INSERT INTO {schema}.job (id, queue, due_at, envelope) VALUES {rows};
