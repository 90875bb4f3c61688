-- blame_reach.sql: from which transaction on, and since when, there is a history; from version 10 on.
SELECT xid::text, (extract(epoch FROM at)::numeric * 1000000::numeric)::bigint
FROM {schema}.history WHERE history.xmin = history.xid::xid ORDER BY xid, id LIMIT 1;
