-- purge_events.sql: forgets events that were given to what is no flow, or has ended before it was one for us.
DELETE FROM {schema}.flow_event WHERE (flow, name) IN (
  SELECT flow, name FROM {schema}.flow_event
  WHERE given_at < pg_catalog.clock_timestamp() - $1::int * interval '1 hour'
    AND NOT EXISTS (SELECT FROM {schema}.flow WHERE flow.id = flow_event.flow)
    AND NOT EXISTS (SELECT FROM {schema}.job WHERE job.id = flow_event.flow)
    AND NOT EXISTS (SELECT FROM {schema}.dead WHERE dead.id = flow_event.flow)
  ORDER BY given_at LIMIT 1000 FOR UPDATE SKIP LOCKED);
