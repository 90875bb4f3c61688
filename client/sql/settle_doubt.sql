-- settle_doubt.sql: what is known of a commit whose answer was lost: is one of its jobs ($1) there, is its backend ($2)
-- still in a transaction, and in which, and how did that one end, once it is known ($3).  A server that was started
-- since, $4 ms ago or less, gives the same process ids and transaction ids to others.
SELECT EXISTS (SELECT FROM {schema}.job WHERE id = $1), activity.pid IS NOT NULL, activity.backend_xid,
       CASE WHEN pg_catalog.pg_postmaster_start_time() < asked.at THEN pg_catalog.pg_xact_status($3::xid8) END
FROM (SELECT pg_catalog.clock_timestamp() - $4::float8 * interval '1 millisecond' AS at) AS asked
LEFT JOIN pg_catalog.pg_stat_activity AS activity
  ON activity.pid = $2 AND activity.xact_start IS NOT NULL AND activity.backend_start < asked.at;
