-- flow_steps.sql: what a flow has done, in its order.
SELECT name, kind, value::text, tries, (extract(epoch FROM began_at)::numeric * 1000000::numeric)::bigint,
       (extract(epoch FROM done_at)::numeric * 1000000::numeric)::bigint,
       (extract(epoch FROM least(until, '2262-01-01Z'))::numeric * 1000000::numeric)::bigint
FROM {schema}.flow_step WHERE flow = $1 ORDER BY place LIMIT 10000;
