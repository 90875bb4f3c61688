-- bury_lost.sql: a job whose row its own task has made away with.
INSERT INTO {schema}.dead (id, queue, letter) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;
