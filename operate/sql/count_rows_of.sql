-- count_rows_of.sql: how many rows queue $1 has, counted up to $2.
SELECT pg_catalog.count(*)
FROM (SELECT FROM {schema}.job WHERE queue = $1::text AND xact > '0' LIMIT $2::bigint) AS counted;
