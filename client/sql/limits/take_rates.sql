-- take_rates.sql: as take_tokens.sql, with times in ms since 1970.
SELECT wait_ms, which, (extract(epoch FROM turn) * 1000)::bigint
FROM {schema}.take_tokens($1::text, pg_catalog.to_timestamp($2::float8 / 1000::float8));
