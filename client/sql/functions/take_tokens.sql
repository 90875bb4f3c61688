-- take_tokens.sql: asks whether a job may begin now under these rates, and if so counts it.  rates: a JSON array of [name, key,
-- most, per_ms, burst], sorted, the last three for where the table does not know; told_for: when the job was told to come,
-- null if it was not.  Answers with wait_ms 0 for a job that may begin; else with how long it is to wait, and at which time
-- it then is told for; or with null where so many wait before it that it is to stand aside, or the rate is 0.  which: the
-- rate that it waits for, counted from 1.
--
-- To be called by itself, outside of any transaction.  A crash of the server may forget the last part of a second of it.
CREATE OR REPLACE FUNCTION {schema}.take_tokens(
  rates text, told_for timestamptz, OUT wait_ms bigint, OUT which int, OUT turn timestamptz)
RETURNS record LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  horizon CONSTANT interval := '10 seconds';  -- so far ahead a job gets a time of its own; find_room.sql has the same
  wanted CONSTANT json := rates::json;
  many CONSTANT int := json_array_length(wanted);
  nexts timestamptz[];
  turns timestamptz[];
  steps interval[];
  has_turn boolean;
  today timestamptz;
  one_next timestamptz;
  one_turn timestamptz;
  most int;
  per_ms bigint;
  burst int;
  free_at timestamptz;
  goal timestamptz;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  FOR i IN 1 .. many LOOP
    LOOP
      SELECT r.next_at, r.last_turn INTO one_next, one_turn FROM rate AS r
      WHERE r.name = wanted -> (i - 1) ->> 0 AND r.key = wanted -> (i - 1) ->> 1 FOR UPDATE;
      EXIT WHEN FOUND;
      INSERT INTO rate (name, key, next_at, last_turn)
      VALUES (wanted -> (i - 1) ->> 0, wanted -> (i - 1) ->> 1, '-infinity', '-infinity') ON CONFLICT DO NOTHING;
    END LOOP;
    nexts[i] := one_next;
    turns[i] := one_turn;
  END LOOP;
  today := clock_timestamp();
  has_turn := coalesce(told_for > today - horizon, false);  -- later than that it is as any other

  wait_ms := 0;
  FOR i IN 1 .. many LOOP
    SELECT coalesce(l.most, l.declared_most), l.per_ms, l.burst INTO most, per_ms, burst FROM limits AS l
    WHERE l.name = wanted -> (i - 1) ->> 0;
    most := coalesce(most, (wanted -> (i - 1) ->> 2)::int);
    per_ms := coalesce(per_ms, (wanted -> (i - 1) ->> 3)::bigint);
    burst := coalesce(burst, (wanted -> (i - 1) ->> 4)::int);
    IF most = 0 THEN
      wait_ms := NULL;
      which := i;
      RETURN;
    END IF;
    steps[i] := ceil(per_ms * 1000::float8 / most) * interval '1 microsecond';
    free_at := nexts[i] - burst * steps[i];
    CONTINUE WHEN free_at <= today AND (has_turn OR turns[i] <= today);
    -- Those that are late, as after a time in which no worker was there, come again at different times: each at the first
    -- one that is free, all but one of them would ask in vain.
    goal := CASE WHEN has_turn THEN free_at + random() * greatest(today - told_for, interval '0')
              ELSE greatest(turns[i] + steps[i], free_at, today) END;
    IF turn IS NULL OR goal > turn THEN
      turn := goal;
      which := i;
    END IF;
  END LOOP;

  IF which IS NULL THEN
    FOR i IN 1 .. many LOOP
      UPDATE rate AS r SET next_at = greatest(nexts[i], today) + steps[i]
      WHERE r.name = wanted -> (i - 1) ->> 0 AND r.key = wanted -> (i - 1) ->> 1;
    END LOOP;
  ELSIF turn > today + horizon THEN
    wait_ms := NULL;
    turn := NULL;
  ELSE
    wait_ms := greatest(ceil(extract(epoch FROM turn - today) * 1000), 1);
    UPDATE rate AS r SET last_turn = greatest(turns[which], turn)
    WHERE r.name = wanted -> (which - 1) ->> 0 AND r.key = wanted -> (which - 1) ->> 1 AND NOT has_turn;
    turn := CASE WHEN has_turn THEN told_for ELSE turn END;  -- whoever has one keeps it, and comes late
  END IF;
END
$function$;
