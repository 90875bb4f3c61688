-- flow_story.sql: where a flow stands: as it has begun and ended, its row, its letter, and whether it was cancelled.  One row;
-- from version 9 on.
SELECT coalesce(flow.task, pg_catalog.substring(job.envelope, '"task": ?"([A-Za-z0-9_.-]{1,64})"')),
       (extract(epoch FROM flow.began_at)::numeric * 1000000::numeric)::bigint,
       (extract(epoch FROM flow.ended_at)::numeric * 1000000::numeric)::bigint, flow.state,
       job.id IS NOT NULL, job.envelope,
       (extract(epoch FROM least(greatest(job.due_at, 'epoch'), '2262-01-01Z'))::numeric * 1000000::numeric)::bigint,
       job.due_at > pg_catalog.clock_timestamp(), dead.letter, cancelled.state, flow.again,
       (SELECT pg_catalog.json_agg(other.id ORDER BY other.id) FROM {schema}.flow AS other
        WHERE other.again IS NOT NULL AND other.again ->> 'of' = asked.id::text)
FROM (SELECT $1::uuid AS id) AS asked
LEFT JOIN {schema}.flow ON flow.id = asked.id
LEFT JOIN {schema}.job ON job.id = asked.id
LEFT JOIN {schema}.dead ON dead.id = asked.id
LEFT JOIN {schema}.cancelled ON cancelled.id = asked.id AND cancelled.state NOT IN ('requested', 'unknown', 'too_late');
