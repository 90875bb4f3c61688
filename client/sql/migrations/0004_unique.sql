-- 0004_unique.sql: which job has a unique key.

-- A row is a mark.  Whether it holds its key is told by the rows of the jobs that it names, or by its period: so whatever
-- takes those rows away releases it, and a mark that holds nothing may lie until somebody comes by (purge_marks.sql).
CREATE TABLE {schema}.unique_job (
  key bytea PRIMARY KEY,   -- sha256, see claim_unique.sql
  id uuid NOT NULL,        -- the job that has it
  next_id uuid,            -- one that begins when that is gone
  task text NOT NULL,
  given_key text,          -- null: by the arguments
  until text NOT NULL CHECK (until IN ('done', 'start')),
  expires_at timestamptz,  -- of a period, which holds instead of until
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- when the one that waits was first asked for
  wanted_id uuid,          -- a worker has come to run this one of them
  wanted_at timestamptz)
WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
      autovacuum_vacuum_cost_delay = 0);
CREATE INDEX unique_job_id ON {schema}.unique_job (id);
CREATE INDEX unique_job_next ON {schema}.unique_job (next_id) WHERE next_id IS NOT NULL;

SELECT {schema}.grant_to_workers('unique_job');
INSERT INTO {schema}.migration (version) VALUES (4);
