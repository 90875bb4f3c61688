-- story_ledger.sql: when a job without a row took effect, and in which transaction.
SELECT (extract(epoch FROM done_at)::numeric * 1000000::numeric)::bigint, xmin::text FROM {schema}.ledger WHERE id = $1;
