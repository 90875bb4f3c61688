-- finish_job.sql: a durable job without a transaction is done.
DELETE FROM {schema}.job WHERE id = $1 AND attempt = $2;
