-- wait.sql: result() of a job once it has ended, or when the time has passed: then as it stands.  Looks again in growing
-- steps, up to once a second, and has a session to itself meanwhile.  Each look has to see what was committed since the
-- one before, as it does in READ COMMITTED alone; and never sees a job that its own transaction has yet to commit run.
CREATE OR REPLACE FUNCTION {schema}.wait(
  id uuid, timeout interval DEFAULT '10 seconds', OUT state text, OUT value json, OUT error text, OUT log json)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  deadline CONSTANT timestamptz := clock_timestamp() + timeout;
  pause float8 := 0.02;
BEGIN
  IF (timeout BETWEEN interval '0' AND interval '1 hour') IS NOT TRUE THEN
    RAISE EXCEPTION 'cannot wait for job %: timeout % is not a wait', $1, coalesce(timeout::text, 'NULL')
      USING ERRCODE = '22023', HINT = 'It is an interval from 0 to 1 hour.';
  END IF;
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'cannot wait for job %: a transaction that is % sees no change', $1, current_setting('transaction_isolation')
      USING ERRCODE = '25001', HINT = 'Wait in READ COMMITTED, outside of a transaction that has begun.';
  END IF;
  LOOP
    SELECT look.state, look.value, look.error, look.log INTO state, value, error, log FROM result($1) AS look;
    EXIT WHEN state NOT IN ('pending', 'unknown') OR clock_timestamp() >= deadline;
    PERFORM pg_sleep(least(pause, extract(epoch FROM deadline - clock_timestamp())::float8));
    pause := least(pause * 1.5, 1.0);
  END LOOP;
END
$function$;
