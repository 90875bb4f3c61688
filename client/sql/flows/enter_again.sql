-- enter_again.sql: a flow that is another one again, from a step on, and who wants it so.
INSERT INTO {schema}.flow (id, task, again)
VALUES ($1, $2, pg_catalog.json_build_object('of', $3::text, 'from', $4::text, 'by', $5::text, 'role', session_user, 'note', $6::text));
