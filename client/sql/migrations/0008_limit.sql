-- 0008_limit.sql: limits that hold for all workers together.

-- As workers have declared them, and what somebody has changed since.
CREATE TABLE {schema}.limits (
  name text PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('concurrency', 'rate')),
  declared_most int NOT NULL CHECK (declared_most BETWEEN 0 AND 10000),
  per_ms bigint,  -- of a rate, as the next
  burst int,
  per_key boolean NOT NULL,
  most int CHECK (most BETWEEN 0 AND 10000),  -- null: as declared
  changed_at timestamptz,   -- of that
  lowered_at timestamptz,   -- from then on more jobs may have run than there are places: see take_places.sql
  declared_at timestamptz NOT NULL DEFAULT now());
GRANT SELECT ON {schema}.limits TO PUBLIC;  -- every worker looks, whatever its role was granted

-- Of a rate and a key, after the first job that has begun.
CREATE TABLE {schema}.rate (
  name text,
  key text,
  next_at timestamptz NOT NULL,    -- when a job would begin if all before it had come evenly
  last_turn timestamptz NOT NULL,  -- the latest time that a job which waits was told to come at
  PRIMARY KEY (name, key))
WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
      autovacuum_vacuum_cost_delay = 0);

SELECT {schema}.grant_to_workers('limits', 'INSERT, UPDATE');
SELECT {schema}.grant_to_workers('rate');
INSERT INTO {schema}.migration (version) VALUES (8);
