-- flow_events.sql: the events that a flow waits for or was given, and has not taken yet.
SELECT name, given_at IS NOT NULL, (extract(epoch FROM least(until, '2262-01-01Z'))::numeric * 1000000::numeric)::bigint
FROM {schema}.flow_event AS event
WHERE flow = $1 AND closed_at IS NULL AND NOT EXISTS (
  SELECT FROM {schema}.flow_step AS step WHERE step.flow = event.flow AND step.name = event.name AND step.kind = 'event')
ORDER BY name LIMIT 1000;
