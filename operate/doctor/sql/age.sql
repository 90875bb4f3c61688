-- age.sql: how many transactions ago the oldest row of this database may have been made.
SELECT pg_catalog.age(datfrozenxid) FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database();
