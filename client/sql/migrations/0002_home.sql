-- 0002_home.sql: whose jobs these are.

-- One row, which a dump and a standby carry along: workers compare it with what Redis has been told of a queue, so that
-- none takes the jobs of another database for its own, done ones.  The token is no secret.
CREATE TABLE {schema}.home (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  token uuid NOT NULL DEFAULT gen_random_uuid());
INSERT INTO {schema}.home DEFAULT VALUES;
GRANT SELECT ON {schema}.home TO PUBLIC;

-- The applications that have had workers for a queue of this schema, with the tasks that they declare.
CREATE TABLE {schema}.app (
  name text,
  queue text,
  tasks text[] NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (queue, name));

SELECT {schema}.grant_to_workers('app');
INSERT INTO {schema}.migration (version) VALUES (2);
