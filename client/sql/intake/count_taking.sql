-- count_taking.sql: how many sessions say that they take jobs from the table (begin_taking.sql).
SELECT count(*) FROM pg_catalog.pg_locks AS held,
  pg_catalog.hashtextextended('aftercommit takes from ' || {schema_name}, 0) AS key
WHERE held.locktype = 'advisory' AND held.mode = 'ShareLock' AND held.granted AND held.objsubid = 1
  AND held.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND held.classid::bigint = (key >> 32 & 4294967295) AND held.objid::bigint = (key & 4294967295);
