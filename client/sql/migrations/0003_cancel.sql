-- 0003_cancel.sql: jobs that were cancelled.

-- Kept for as long as the ledger remembers.  queue and task are null where no row was seen.
CREATE TABLE {schema}.cancelled (
  id uuid PRIMARY KEY,
  queue text,
  task text,
  state text NOT NULL,  -- where it stood: waiting, delayed, running (and was stopped), unknown; or of a request for one
                        -- that runs: requested, too_late (it took effect first)
  cancelled_at timestamptz NOT NULL DEFAULT now(),
  settled_at timestamptz,  -- null: requested
  note text);
CREATE INDEX cancelled_requested ON {schema}.cancelled (id) WHERE state = 'requested';
CREATE INDEX cancelled_age ON {schema}.cancelled (cancelled_at, id);

SELECT {schema}.grant_to_workers('cancelled');
INSERT INTO {schema}.migration (version) VALUES (3);
