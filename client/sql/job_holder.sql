-- job_holder.sql: which worker's transaction has this job right now.
SELECT substr(application_name, 4) FROM {schema}.job AS job
JOIN pg_stat_activity AS activity ON activity.backend_xid = job.xmax
WHERE job.id = $1 AND application_name LIKE 'ac:%';
