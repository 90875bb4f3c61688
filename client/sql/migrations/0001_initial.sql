-- 0001_initial.sql: the tables of durable jobs.

CREATE TABLE {schema}.migration (
  version int PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now());

-- Durable jobs not yet in effect.  Rows live shortly, so dead ones are cleared early and at full speed; the room in
-- the pages is for the failures, which rewrite a row in its place.
CREATE TABLE {schema}.job (
  id uuid PRIMARY KEY,
  queue text NOT NULL CHECK (queue COLLATE "C" ~ '^[A-Za-z0-9_.-]{1,64}$'),
  attempt int NOT NULL DEFAULT 1 CHECK (attempt >= 1),  -- of the next execution, as in the envelope
  due_at timestamptz,                                   -- null: at once
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),      -- who inserted it: what the relay sweeps by
  enqueued_at timestamptz NOT NULL DEFAULT now(),
  envelope text NOT NULL)                               -- docs/wire-format.md
WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
      autovacuum_vacuum_cost_delay = 0, toast.autovacuum_vacuum_scale_factor = 0.01,
      toast.autovacuum_vacuum_threshold = 1000, toast.autovacuum_vacuum_cost_delay = 0);
-- What the relay sweeps by.  The condition holds for every row and only the relay states it: without it PostgreSQL, where
-- it believes the table to be empty, may look up an id here, and reads this index as a whole.
CREATE INDEX job_sweep ON {schema}.job (queue, xact, id) WHERE xact > '0';

-- Durable jobs that will not run again by themselves.
CREATE TABLE {schema}.dead (
  id uuid PRIMARY KEY,
  queue text NOT NULL,
  died_at timestamptz NOT NULL DEFAULT now(),
  letter text NOT NULL);  -- docs/wire-format.md
CREATE INDEX dead_recent ON {schema}.dead (queue, died_at);

-- Jobs of other deliveries already in effect.
CREATE TABLE {schema}.ledger (
  id uuid PRIMARY KEY,
  done_at timestamptz NOT NULL DEFAULT now())
WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ledger_age ON {schema}.ledger (done_at);

INSERT INTO {schema}.migration (version) VALUES (1);
