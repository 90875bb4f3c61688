-- count_ledger.sql: how many jobs without a row are remembered as done, $1 of them at most.
SELECT pg_catalog.count(*) FROM (SELECT FROM {schema}.ledger LIMIT $1::bigint) AS few;
