-- tell_relays.sql: has the commit tell the relays of jobs.  One that notifies waits for all others that do, in the whole
-- database: so one at a time is enough, and a relay looks by itself before long.  The functions beside it choose the
-- search_path.
CREATE OR REPLACE FUNCTION {schema}.tell_relays() RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
  own_schema CONSTANT text := (current_schemas(false))[2];
BEGIN
  IF lower(coalesce(current_setting('aftercommit.notify', true), '')) NOT IN ('off', 'false', 'no', '0')
      AND pg_try_advisory_xact_lock(hashtextextended('aftercommit.notify ' || own_schema, 0)) THEN
    PERFORM pg_notify(own_schema, '');
  END IF;
END
$function$;
