-- settle_doubt.sql: what is known of a commit whose answer was lost: is one of its jobs ($1) there, is its backend ($2)
-- still in a transaction, and in which, and how did that one end, once it is known ($3), together with whose answer that
-- was ($5): after a crash or a failover the same transaction id is another's.  So is a process id of before $4 ms.
SELECT EXISTS (SELECT FROM {schema}.job WHERE id = $1), activity.pid IS NOT NULL, activity.backend_xid,
       CASE WHEN origin.name = $5::text THEN pg_catalog.pg_xact_status($3::xid8) END, origin.name
FROM (SELECT pg_catalog.clock_timestamp() - $4::float8 * interval '1 millisecond' AS at) AS asked
CROSS JOIN (SELECT {origin} AS name OFFSET 0) AS origin
LEFT JOIN pg_catalog.pg_stat_activity AS activity
  ON activity.pid = $2 AND activity.xact_start IS NOT NULL AND activity.backend_start < asked.at;
