({id}, {queue}, coalesce(pg_catalog.to_timestamp({eta_ms}::float8 / 1000::float8),
  pg_catalog.clock_timestamp() + {countdown_ms}::float8 * interval '1 millisecond'), {envelope})
