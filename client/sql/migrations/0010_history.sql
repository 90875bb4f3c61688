-- 0010_history.sql: which job ran in which transaction, where workers keep that (--history).

-- Written by the transaction itself, with its COMMIT; several rows where several jobs share one.  Who looks believes a row
-- only where its own xmin is the transaction that it speaks of: one that a dump or a subscription has brought here is not.
CREATE TABLE {schema}.history (
  xid xid8,               -- of the transaction
  id uuid,                -- of the job
  task text NOT NULL,
  queue text NOT NULL,
  attempt int NOT NULL,
  asked_in xid8,          -- the transaction that asked for it; null: the job had no row
  flow uuid,              -- that it is, or that waits for it; null: none
  step text,              -- of a flow, what it did; null: none, or the end of the flow, which takes its row away
  worker text NOT NULL,
  began_at timestamptz NOT NULL DEFAULT now(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- shortly before its commit
  PRIMARY KEY (xid, id))
WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX history_job ON {schema}.history (id);

-- Rows that are written within a savepoint bear an id of that.
CREATE TABLE {schema}.history_savepoint (
  xid xid8 PRIMARY KEY,   -- of the savepoint
  top xid8 NOT NULL)      -- of its transaction
WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

SELECT {schema}.grant_to_workers('history, history_savepoint');
INSERT INTO {schema}.migration (version) VALUES (10);
