-- 0007_queue.sql: queues that are paused.

CREATE TABLE {schema}.queue_state (
  queue text PRIMARY KEY CHECK (queue COLLATE "C" ~ '^[A-Za-z0-9_.-]{1,64}$'),
  paused_at timestamptz);  -- null: it is not
GRANT SELECT ON {schema}.queue_state TO PUBLIC;  -- every worker looks, whatever its role was granted

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
    EXECUTE format('GRANT INSERT, UPDATE ON %I.queue_state TO %I',
                   current_setting('aftercommit.schema'), pg_catalog.pg_get_userbyid(worker));
  END LOOP;
END
$do$;

INSERT INTO {schema}.migration (version) VALUES (7);
