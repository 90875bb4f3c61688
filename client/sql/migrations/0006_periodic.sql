-- 0006_periodic.sql: periodic tasks, as the workers of an app declare them.

-- A tick moves next_at in the transaction that inserts its job, so there is one job a tick, whoever makes it.
CREATE TABLE {schema}.periodic (
  app text,
  name text,
  task text NOT NULL,
  schedule text NOT NULL,                             -- as declared: 0 3 * * *, or every 10 min
  zone text NOT NULL,                                 -- of the IANA database
  missed text NOT NULL,                               -- for people: what becomes of ticks that were missed
  envelope text NOT NULL,                             -- of its jobs, with no id and no times of their own
  next_at timestamptz,                                -- null: a worker works it out; infinity: never again
  last_tick timestamptz,
  last_job uuid,
  paused boolean NOT NULL DEFAULT false,
  runs_asked int NOT NULL DEFAULT 0,                  -- by an operator, beside its ticks
  declared_at timestamptz NOT NULL DEFAULT now(),     -- as it is
  seen_at timestamptz NOT NULL DEFAULT now(),         -- a worker that declares it lived
  PRIMARY KEY (app, name))
WITH (fillfactor = 50);

SELECT {schema}.grant_to_workers('periodic');
INSERT INTO {schema}.migration (version) VALUES (6);
