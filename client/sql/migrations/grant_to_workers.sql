-- grant_to_workers.sql: before the steps of a migration, which call it, and gone with drop_grant_to_workers.sql before its
-- COMMIT.

-- Roles of workers, known by what they may do with jobs, get the same rights on these tables, names with commas between.
CREATE FUNCTION {schema}.grant_to_workers(tables text, rights text DEFAULT 'SELECT, INSERT, UPDATE, DELETE')
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
DECLARE
  worker oid;
  one text;
BEGIN
  FOR worker IN
    SELECT acl.grantee FROM pg_class, LATERAL aclexplode(relacl) AS acl
    WHERE oid = format('%I.job', current_setting('aftercommit.schema'))::regclass
      AND acl.privilege_type = 'DELETE' AND acl.grantee NOT IN (0, relowner)
  LOOP
    FOREACH one IN ARRAY string_to_array(tables, ', ') LOOP
      EXECUTE format('GRANT %s ON %I.%I TO %I', rights, current_setting('aftercommit.schema'), one,
                     pg_get_userbyid(worker));
    END LOOP;
  END LOOP;
END
$function$;
SELECT pg_catalog.set_config('aftercommit.schema', {schema_name}, true);
