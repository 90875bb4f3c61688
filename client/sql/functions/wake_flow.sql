-- wake_flow.sql: has a flow that waits go on with the caller's commit.  Its row becomes due since 1970, and as if inserted
-- now: so a relay brings it to Redis, whatever copy that has (revive_job.sql).
CREATE OR REPLACE FUNCTION {schema}.wake_flow(flow uuid) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  own_schema CONSTANT text := (current_schemas(false))[2];  -- of the search_path above
BEGIN
  UPDATE job SET due_at = 'epoch', xact = pg_current_xact_id() WHERE job.id = wake_flow.flow;
  -- As in enqueue.sql: one notification at a time is enough.
  IF FOUND AND lower(coalesce(current_setting('aftercommit.notify', true), '')) NOT IN ('off', 'false', 'no', '0')
      AND pg_try_advisory_xact_lock(hashtextextended('aftercommit.notify ' || own_schema, 0)) THEN
    PERFORM pg_notify(own_schema, '');
  END IF;
END
$function$;
