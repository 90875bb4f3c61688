-- result.sql: what has become of a job, as of one moment: all its statements see what the query sees that calls it.
-- state   pending    it is durable, and has not taken effect yet
--         done       it has taken effect, and value is what its task returned
--         failed     it is durable, and dead: error says why
--         cancelled  it will not run
--         expired    it has taken effect, and its value is not kept any more
--         unknown    never committed; done long ago, or without a value; or not durable, and not in effect yet
CREATE OR REPLACE FUNCTION {schema}.result(id uuid, OUT state text, OUT value json, OUT error text, OUT log json)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, {schema}, pg_temp SET standard_conforming_strings = on AS $function$
DECLARE
  asked CONSTANT uuid := $1;
  letter text;
  reason text;
  expires_at timestamptz;
BEGIN
  -- Before what is left of another job, where an id was used twice.
  IF EXISTS (SELECT FROM job AS waiting WHERE waiting.id = asked) THEN
    state := 'pending';
    RETURN;
  END IF;
  SELECT gone.letter INTO letter FROM dead AS gone WHERE gone.id = asked;
  IF FOUND THEN
    state := 'failed';
    -- The reason alone is read: a NUL in the arguments behind it is one that no text of PostgreSQL's can hold.
    reason := coalesce(substring(letter FROM '"reason": ?("(?:[^"\\]|\\.)*")'), '"its dead letter gives no reason"');
    BEGIN
      error := reason::json #>> '{}';
    EXCEPTION WHEN data_exception THEN
      error := reason;  -- with its escapes: the encoding of the database lacks a character
    END;
    RETURN;
  END IF;
  SELECT kept.value, kept.log, kept.expires_at INTO value, log, expires_at FROM result AS kept WHERE kept.id = asked;
  IF FOUND AND expires_at > clock_timestamp() THEN
    state := 'done';
    RETURN;
  END IF;
  state := CASE
    WHEN FOUND THEN 'expired'
    WHEN EXISTS (SELECT FROM cancelled AS gone WHERE gone.id = asked AND gone.state NOT IN ('requested', 'too_late'))
      THEN 'cancelled'
    WHEN EXISTS (SELECT FROM ledger AS done WHERE done.id = asked) THEN 'expired'
    ELSE 'unknown' END;
  value := NULL;
  log := NULL;
END
$function$;
