-- find_flow.sql: a flow that is to run again: its job as it stands, died, or ended, and whether it goes on.  One row.
SELECT flow.id IS NOT NULL, job.id IS NOT NULL, coalesce(job.envelope, flow.kept_job), dead.letter,
       coalesce(job.queue, dead.queue)
FROM (SELECT $1::uuid AS id) AS asked
LEFT JOIN {schema}.flow ON flow.id = asked.id
LEFT JOIN {schema}.job ON job.id = asked.id
LEFT JOIN {schema}.dead ON dead.id = asked.id;
