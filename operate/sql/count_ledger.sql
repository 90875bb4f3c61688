-- count_ledger.sql: how many jobs without a row are remembered as done.
SELECT count(*) FROM {schema}.ledger;
