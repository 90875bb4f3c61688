-- may_copy_jobs.sql: whether there is COPY for the table: not where policies of its rows hold for this role.
SELECT NOT pg_catalog.row_security_active(pg_catalog.quote_ident({schema_name}) || '.job');
