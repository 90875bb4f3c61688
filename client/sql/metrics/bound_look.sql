-- bound_look.sql: no statement of this transaction takes longer.
SELECT pg_catalog.set_config('statement_timeout', '1000', true);
