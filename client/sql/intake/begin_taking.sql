-- begin_taking.sql: says that this session takes jobs from the table (count_taking.sql).
SELECT pg_catalog.pg_advisory_lock_shared(pg_catalog.hashtextextended('aftercommit takes from ' || {schema_name}, 0));
