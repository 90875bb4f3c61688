-- knows_job.sql: whether anything here is known of a job.
SELECT FROM {schema}.job WHERE id = $1
UNION ALL SELECT FROM {schema}.dead WHERE id = $1
UNION ALL SELECT FROM {schema}.ledger WHERE id = $1
LIMIT 1;
