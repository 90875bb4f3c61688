-- knows_flow.sql: whether there is such a flow here, or a job that may be one and has not begun; from version 9 on.
SELECT FROM {schema}.flow WHERE id = $1
UNION ALL SELECT FROM {schema}.job WHERE id = $1
LIMIT 1;
