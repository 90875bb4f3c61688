-- 0005_result.sql: what is kept of jobs for those who asked for them.

-- Written by the transaction that the job takes effect in: so it is there if, and only if, the effect is.
CREATE TABLE {schema}.result (
  id uuid PRIMARY KEY,        -- of the job
  task text NOT NULL,
  value json NOT NULL,        -- what the task returned
  log json,                   -- lines of the attempt that took effect, an array of texts; null: none
  stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL)
WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0,
      toast.autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_cost_delay = 0);
CREATE INDEX result_expiry ON {schema}.result (expires_at);

-- How far running jobs have got, written beside their transactions.  Not worth the log of the server: a crash of
-- PostgreSQL empties it, and the next word of each job is there again.  The room in the pages is for the updates.
CREATE UNLOGGED TABLE {schema}.progress (
  id uuid PRIMARY KEY,        -- of the job
  attempt int NOT NULL,
  done bigint NOT NULL,
  total bigint NOT NULL,      -- 0: not known
  note text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp())
WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

SELECT {schema}.grant_to_workers('result, progress');
INSERT INTO {schema}.migration (version) VALUES (5);
