-- guard_ledger.sql: in the message of BEGIN: a job that no row vouches for takes effect in the transaction that
-- enters its id.  No row: it has taken effect before.  Waits for another transaction that is about to enter it.
INSERT INTO {schema}.ledger (id) VALUES ('{id}') ON CONFLICT DO NOTHING RETURNING pg_current_xact_id();
