-- child_done.sql: a job that a flow waits for takes effect in the caller's transaction, which is about to commit.
CREATE OR REPLACE FUNCTION {schema}.child_done(child uuid, value json) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  -- Each of the last ones wakes the flow, since they do not see one another while they commit.  If more than these commit at
  -- the same moment, the flow finds out when it looks again by itself.
  last_ones CONSTANT int := 16;
  own_flow uuid;
  own_place int;
BEGIN
  UPDATE flow_child SET done_at = clock_timestamp(), value = child_done.value
  WHERE flow_child.id = child AND done_at IS NULL
  RETURNING flow_child.flow, flow_child.place INTO own_flow, own_place;
  IF FOUND AND (SELECT count(*) FROM (
      SELECT FROM flow_child WHERE flow_child.flow = own_flow AND flow_child.place = own_place AND done_at IS NULL
      LIMIT last_ones + 1) AS others) <= last_ones THEN
    PERFORM wake_flow(own_flow);
  END IF;
END
$function$;
