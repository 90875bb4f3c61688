-- 0009_flow.sql: flows, jobs of many steps.

-- A flow that has begun: the id of its job, whose row is there until the flow has ended.
CREATE TABLE {schema}.flow (
  id uuid PRIMARY KEY,
  task text NOT NULL,
  began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,  -- null: it goes on, is dead, or was cancelled
  state text NOT NULL DEFAULT 'begun' CHECK (state IN ('begun', 'done')),
  kept_job text,         -- of one that is done: the envelope of its job, for who has it run again
  again json)            -- of one that is another one again: of which, from which step, and who wanted it so
WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX flow_ended ON {schema}.flow (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX flow_again ON {schema}.flow ((again ->> 'of')) WHERE again IS NOT NULL;

-- What a flow has done, in its order: written by the transaction that did it.  'failure': from there on it is undone, and
-- 'undo' is a step back.
CREATE TABLE {schema}.flow_step (
  flow uuid,
  place int,              -- counted from 0
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('step', 'external', 'sleep', 'event', 'version', 'children', 'pages', 'failure', 'undo')),
  value json,             -- what it returned, or was given; null: nothing yet, nothing at all, or no event came in time;
                          -- of pages that are not done: where they have come to
  tries int NOT NULL,     -- attempts that it took, this one counted
  began_at timestamptz NOT NULL,
  done_at timestamptz,    -- null: only the intent to call what is outside, children are waited for, or there are more pages
  until timestamptz,      -- of a sleep: its end
  PRIMARY KEY (flow, place))
WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0,
      toast.autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_cost_delay = 0);

-- Events, one a name and flow: given before the flow waits for it, or waited for.
CREATE TABLE {schema}.flow_event (
  flow uuid,
  name text,
  value json,
  given_at timestamptz,   -- null: nobody has given it yet
  until timestamptz,      -- how long the flow waits; null: it does not, or not yet
  closed_at timestamptz,  -- nobody gave it in time
  PRIMARY KEY (flow, name))
WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX flow_event_given ON {schema}.flow_event (given_at) WHERE given_at IS NOT NULL;

-- Jobs that a flow has asked for and waits for.
CREATE TABLE {schema}.flow_child (
  id uuid PRIMARY KEY,    -- of the job
  flow uuid NOT NULL,
  place int NOT NULL,     -- of the step that asked for it
  n int NOT NULL,         -- counted from 0 among those
  task text NOT NULL,
  value json,             -- what it returned
  done_at timestamptz)    -- null: it has not taken effect yet
WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX flow_child_place ON {schema}.flow_child (flow, place, n);
CREATE INDEX flow_child_left ON {schema}.flow_child (flow, place) WHERE done_at IS NULL;

SELECT {schema}.grant_to_workers('flow, flow_step, flow_event, flow_child');
INSERT INTO {schema}.migration (version) VALUES (9);
