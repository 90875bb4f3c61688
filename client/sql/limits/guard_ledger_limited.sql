-- guard_ledger_limited.sql: as guard_ledger.sql, with an answer as that of guard_limited.sql.
WITH mine AS MATERIALIZED (
  SELECT {id}::uuid AS id WHERE pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended({id}::text, 0))
    AND NOT EXISTS (SELECT FROM {schema}.ledger WHERE id OPERATOR(pg_catalog.=) {id}::uuid)),
place AS MATERIALIZED (SELECT id, {schema}.take_places({places}) AS full_one FROM mine),
entered AS (
  INSERT INTO {schema}.ledger (id) SELECT id FROM place WHERE full_one OPERATOR(pg_catalog.=) 0
  ON CONFLICT DO NOTHING RETURNING pg_catalog.pg_current_xact_id() AS xact)
SELECT (SELECT xact FROM entered), (SELECT full_one FROM place);
