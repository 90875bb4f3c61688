-- add_children.sql: the jobs that a step of a flow has asked for ($3, an array of objects), in their order.
INSERT INTO {schema}.flow_child (id, flow, place, n, task)
SELECT id, $1, $2, n, task FROM pg_catalog.json_to_recordset($3::json) AS child(id uuid, n int, task text);
