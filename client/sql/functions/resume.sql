-- resume.sql: has workers fetch the jobs of this queue again, from a heartbeat after the caller's commit on.  Answers
-- whether it was paused.
CREATE OR REPLACE FUNCTION {schema}.resume(queue text) RETURNS boolean LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
BEGIN
  UPDATE queue_state SET paused_at = NULL
  WHERE queue_state.queue = resume.queue AND queue_state.paused_at IS NOT NULL;
  RETURN FOUND;
END
$function$;
