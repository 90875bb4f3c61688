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
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.cancelled TO %I',
                   current_setting('aftercommit.schema'), pg_catalog.pg_get_userbyid(worker));
  END LOOP;
END
$do$;

INSERT INTO {schema}.migration (version) VALUES (3);
