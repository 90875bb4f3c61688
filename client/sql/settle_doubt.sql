-- settle_doubt.sql: what is known of a commit whose answer was lost: is one of its jobs ($1) there, is its backend ($2)
-- still in a transaction, and in which, and how did that one end, once it is known ($3).
SELECT EXISTS (SELECT FROM {schema}.job WHERE id = $1), activity.pid IS NOT NULL, activity.backend_xid,
       pg_xact_status($3::xid8)
FROM (SELECT) AS one
LEFT JOIN pg_stat_activity AS activity ON activity.pid = $2 AND activity.xact_start IS NOT NULL;
