-- woken_flows.sql: flows that were given what they wait for, and have not gone on since: for the test kit, which has no relay.
SELECT job.id, queue, attempt, 0, envelope FROM {schema}.job JOIN {schema}.flow ON flow.id = job.id
WHERE due_at = 'epoch' ORDER BY job.id LIMIT 1000;
