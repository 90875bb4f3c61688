-- signal.sql: gives a flow an event in the caller's transaction: if, and only if, that commits.  Answers given, or why it
-- changes nothing: taken (somebody was first, and the flow is not dead of that), late (the flow has ceased to wait), ended
-- (or it was cancelled, or its dead letter was deleted).
CREATE OR REPLACE FUNCTION {schema}.signal(flow uuid, event text, value text DEFAULT 'null') RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  waits boolean;
BEGIN
  IF flow IS NULL THEN
    RAISE EXCEPTION 'cannot signal a flow: its id is NULL' USING ERRCODE = '22004',
      HINT = 'Give the id that asking for it gave.';
  END IF;
  IF (event COLLATE "C" ~ '^[!-~]([ -~]{0,98}[!-~])?$' AND event !~ '["\\]') IS NOT TRUE THEN
    RAISE EXCEPTION 'cannot signal flow %: event % is not a name', flow, quote_nullable(left(event, 100))
      USING ERRCODE = '22023', HINT = 'A name has 1 to 100 printable characters of ASCII, without " and \, and no spaces around it.';
  END IF;
  IF octet_length(convert_to(value, 'UTF8')) > 1048576 THEN
    RAISE EXCEPTION 'cannot signal flow %: the value of event % takes % bytes, over the limit of 1048576', flow,
      quote_literal(event), octet_length(convert_to(value, 'UTF8'))
      USING ERRCODE = '22023', HINT = 'Store the data and pass its key.';
  END IF;
  -- In one statement: it moves between these two tables.
  IF EXISTS (SELECT FROM flow AS known WHERE known.id = signal.flow AND (ended_at IS NOT NULL
      OR NOT EXISTS (SELECT FROM job WHERE job.id = known.id) AND NOT EXISTS (SELECT FROM dead WHERE dead.id = known.id))) THEN
    RETURN 'ended';
  END IF;

  -- Whoever gives the same event waits here, and so does the flow when it begins to wait.
  INSERT INTO flow_event AS kept (flow, name, value, given_at)
  VALUES (signal.flow, event, coalesce(value, 'null')::json, clock_timestamp())
  ON CONFLICT ON CONSTRAINT flow_event_pkey DO UPDATE SET value = excluded.value, given_at = excluded.given_at
  WHERE kept.given_at IS NULL AND kept.closed_at IS NULL
  RETURNING until IS NOT NULL INTO waits;
  IF NOT FOUND THEN
    -- It is locked all the same.  A dead flow that has not taken what it was given may have died of that.
    IF EXISTS (SELECT FROM dead WHERE dead.id = signal.flow)
        AND NOT EXISTS (SELECT FROM flow_step AS step WHERE step.flow = signal.flow AND step.name = event) THEN
      UPDATE flow_event AS kept SET value = coalesce(signal.value, 'null')::json, given_at = clock_timestamp()
      WHERE kept.flow = signal.flow AND kept.name = event AND closed_at IS NULL;
      IF FOUND THEN
        RETURN 'given';
      END IF;
    END IF;
    RETURN (SELECT CASE WHEN closed_at IS NULL THEN 'taken' ELSE 'late' END FROM flow_event AS kept
            WHERE kept.flow = signal.flow AND kept.name = event);
  END IF;

  IF waits THEN
    PERFORM wake_flow(signal.flow);
  END IF;
  RETURN 'given';
END
$function$;

-- The same for values of the type json or jsonb; a literal of no type goes to the function above.
CREATE OR REPLACE FUNCTION {schema}.signal(flow uuid, event text, value json) RETURNS text LANGUAGE sql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
  SELECT signal(flow, event, value::text);
$function$;

CREATE OR REPLACE FUNCTION {schema}.signal(flow uuid, event text, value jsonb) RETURNS text LANGUAGE sql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
  SELECT signal(flow, event, value::text);
$function$;
