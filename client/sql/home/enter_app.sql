-- enter_app.sql: app $1 has workers for the queues $2 and declares the tasks $3.  What is known is written once a day;
-- in one order, so that workers that start together wait for one another and do not deadlock.
INSERT INTO {schema}.app AS known (name, queue, tasks)
SELECT $1, queue, $3::text[] FROM pg_catalog.unnest($2::text[]) AS queue ORDER BY queue
ON CONFLICT (queue, name) DO UPDATE SET tasks = excluded.tasks, seen_at = excluded.seen_at
WHERE known.tasks OPERATOR(pg_catalog.<>) excluded.tasks OR known.seen_at < pg_catalog.now() - interval '1 day';
