-- pause.sql: has no worker fetch a job of this queue from a heartbeat after the caller's commit on.  Answers whether that is
-- new: false where the queue was paused before.
CREATE OR REPLACE FUNCTION {schema}.pause(queue text) RETURNS boolean LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
BEGIN
  IF (queue COLLATE "C" ~ '^[A-Za-z0-9_.-]{1,64}$') IS NOT TRUE THEN
    RAISE EXCEPTION 'cannot pause queue %: that is not a name', quote_nullable(left(queue, 80))
      USING ERRCODE = '22023', HINT = 'A name has 1 to 64 characters out of a-z A-Z 0-9 _ . - and nothing else.';
  END IF;
  INSERT INTO queue_state AS known (queue, paused_at) VALUES (pause.queue, clock_timestamp())
  ON CONFLICT ON CONSTRAINT queue_state_pkey DO UPDATE SET paused_at = excluded.paused_at WHERE known.paused_at IS NULL;
  RETURN FOUND;
END
$function$;
