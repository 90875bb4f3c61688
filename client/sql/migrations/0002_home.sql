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

-- Roles of workers, by what they could do before, may do so with the new table too.
SELECT pg_catalog.set_config('aftercommit.schema', {schema_name}, true);
DO $do$
DECLARE
  worker oid;
BEGIN
  FOR worker IN
    SELECT acl.grantee FROM pg_catalog.pg_class, LATERAL pg_catalog.aclexplode(relacl) AS acl
    WHERE oid = format('%I.job', current_setting('aftercommit.schema'))::regclass
      AND acl.privilege_type = 'DELETE' AND acl.grantee NOT IN (0, relowner)
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.app TO %I', current_setting('aftercommit.schema'),
                   pg_catalog.pg_get_userbyid(worker));
  END LOOP;
END
$do$;

INSERT INTO {schema}.migration (version) VALUES (2);
