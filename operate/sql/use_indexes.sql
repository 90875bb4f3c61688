-- use_indexes.sql: for the rest of the transaction: no table is read from end to end where an index would do, however few rows
-- the server believes it has.
SELECT pg_catalog.set_config('enable_seqscan', 'off', true);
