-- sessions.sql: sessions of clients, and of these those of workers here, which are named by their id.
SELECT pg_catalog.count(*),
       pg_catalog.count(*) FILTER (WHERE datname = pg_catalog.current_database() AND application_name LIKE 'ac:%')
FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend';
