-- purge_flows.sql: forgets flows that ended more than so many hours ago, with their steps and events.
WITH old AS MATERIALIZED (
  SELECT id FROM {schema}.flow WHERE ended_at < pg_catalog.clock_timestamp() - $1::int * interval '1 hour'
  ORDER BY ended_at LIMIT 100 FOR UPDATE SKIP LOCKED),
steps AS (DELETE FROM {schema}.flow_step WHERE flow IN (SELECT id FROM old)),
children AS (DELETE FROM {schema}.flow_child WHERE flow IN (SELECT id FROM old)),
events AS (DELETE FROM {schema}.flow_event WHERE flow IN (SELECT id FROM old))
DELETE FROM {schema}.flow WHERE id IN (SELECT id FROM old);
