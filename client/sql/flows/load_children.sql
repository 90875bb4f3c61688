-- load_children.sql: what they have returned, in their order.
SELECT value FROM {schema}.flow_child WHERE flow = $1 AND place = $2 ORDER BY n;
