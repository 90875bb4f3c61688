-- guard_ledger_many.sql: as guard_ledger.sql, for many: a row for each that is claimed.  Each takes a place in the server's
-- table of locks, of which all sessions have some thousands in common.
INSERT INTO {schema}.ledger (id) SELECT wanted.id FROM pg_catalog.unnest({ids}::uuid[]) AS wanted (id)
WHERE pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended(wanted.id::text, 0))
ON CONFLICT DO NOTHING RETURNING pg_catalog.pg_current_xact_id(), id;
