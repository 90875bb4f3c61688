-- guard_ledger.sql: in the message of BEGIN: a job that no row vouches for takes effect in the transaction that
-- enters its id.  No row: it has taken effect before, or another transaction has it right now (which is not waited for).
INSERT INTO {schema}.ledger (id) SELECT {id}::uuid WHERE pg_catalog.pg_try_advisory_xact_lock(
  pg_catalog.hashtextextended({id}::text, 0))
ON CONFLICT DO NOTHING RETURNING pg_catalog.pg_current_xact_id();
