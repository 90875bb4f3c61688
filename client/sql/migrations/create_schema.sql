-- create_schema.sql: the schema, unless somebody has made it for us: CREATE SCHEMA IF NOT EXISTS would ask for the
-- right to create it in that case, too.  The name goes by a setting, for it could end the quotes around the block.
SELECT pg_catalog.set_config('aftercommit.schema', {schema_name}, true);
DO $do$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = current_setting('aftercommit.schema')) THEN
    EXECUTE format('CREATE SCHEMA %I', current_setting('aftercommit.schema'));
  END IF;
END
$do$;
