-- declare_limits.sql: enters what a worker declares, a JSON array of objects.
INSERT INTO {schema}.limits AS known (name, kind, declared_most, per_ms, burst, per_key)
SELECT name, kind, most, per_ms, burst, per_key
FROM pg_catalog.json_to_recordset($1::json) AS declared (
  name text, kind text, most int, per_ms bigint, burst int, per_key boolean)
ORDER BY name
ON CONFLICT (name) DO UPDATE
SET kind = excluded.kind, declared_most = excluded.declared_most, per_ms = excluded.per_ms, burst = excluded.burst,
    per_key = excluded.per_key, declared_at = pg_catalog.now(),
    lowered_at = CASE WHEN known.most IS NULL AND excluded.declared_most < known.declared_most
                   THEN pg_catalog.clock_timestamp() ELSE known.lowered_at END;
