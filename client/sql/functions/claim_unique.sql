-- claim_unique.sql: which job of a unique key there is, decided in the caller's transaction, for SQL and C++ alike.  Makes
-- the row of the new job where that is to be one, and answers with the id that has won.
--
-- Whether a job waits or runs is told by the lock on its row: that of a running one is locked by the transaction which will
-- delete it.  One that waits is locked here until the caller's commit, together with others who do so, so that it cannot
-- begin without seeing what the caller has written; until a worker has come for it, which may wait no longer, and then it
-- counts as running.  No running job is waited for; callers of one key wait for each other
-- only where one of them changes the mark.
CREATE OR REPLACE FUNCTION {schema}.claim_unique(
  of_task text, by_args text, by_key text, hold_until text, hold_for interval, when_held text, longest_delay interval,
  new_id uuid, new_queue text, new_due timestamptz, new_envelope text,
  OUT winner uuid, OUT own boolean, OUT due timestamptz)
RETURNS record LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  wanted_for CONSTANT interval := '1 minute';  -- a worker comes again sooner
  hash bytea;
  mark record;
  waiting boolean;
  running boolean;
  behind boolean;
  held boolean;
BEGIN
  IF by_key IS NOT NULL THEN
    hash := sha256(convert_to(of_task || ' key ' || by_key, 'UTF8'));
  ELSE
    BEGIN
      hash := sha256(convert_to(of_task || ' args ' || by_args::jsonb::text, 'UTF8'));
    EXCEPTION WHEN untranslatable_character THEN  -- which jsonb cannot hold: then as they are written
      hash := sha256(convert_to(of_task || ' text ' || by_args, 'UTF8'));
    END;
  END IF;

  own := false;
  LOOP
    INSERT INTO unique_job (key, id, task, given_key, until, expires_at)
    VALUES (hash, new_id, of_task, by_key, hold_until, clock_timestamp() + hold_for) ON CONFLICT DO NOTHING;
    EXIT WHEN FOUND;

    -- What changes nothing of the mark takes no lock on it.
    SELECT * INTO mark FROM unique_job AS m WHERE m.key = hash;
    CONTINUE WHEN NOT FOUND;
    IF when_held IN ('skip', 'once_more') AND (mark.expires_at IS NULL OR mark.expires_at > clock_timestamp()) THEN
      PERFORM FROM job AS j
      WHERE j.id = mark.id AND NOT (mark.wanted_id = j.id AND mark.wanted_at > clock_timestamp() - wanted_for) IS TRUE
      FOR KEY SHARE SKIP LOCKED;
      IF FOUND OR mark.expires_at IS NOT NULL THEN
        winner := mark.id;
        RETURN;
      END IF;
      -- It runs, unless somebody is about to put another one in its place.
      IF when_held = 'skip' AND mark.until = 'done' AND mark.next_id IS NULL
          AND EXISTS (SELECT FROM job AS j WHERE j.id = mark.id)
          AND EXISTS (SELECT FROM unique_job AS m WHERE m.key = hash AND m.id = mark.id AND m.next_id IS NULL
                      AND NOT EXISTS (SELECT FROM pg_locks AS l WHERE l.locktype = 'transactionid' AND l.granted
                                      AND l.transactionid = m.xmax))
          -- What the mark says and who is changing it are of two moments: so once more what it says, now that nobody was.
          AND EXISTS (SELECT FROM unique_job AS m JOIN job AS j ON j.id = m.id
                      WHERE m.key = hash AND m.id = mark.id AND m.next_id IS NULL) THEN
        winner := mark.id;
        RETURN;
      END IF;
    END IF;

    SELECT * INTO mark FROM unique_job AS m WHERE m.key = hash FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    LOOP  -- the one behind takes the place of one that is gone
      PERFORM FROM job AS j
      WHERE j.id = mark.id AND NOT (mark.wanted_id = j.id AND mark.wanted_at > clock_timestamp() - wanted_for) IS TRUE
      FOR KEY SHARE SKIP LOCKED;
      waiting := FOUND;
      running := NOT waiting AND EXISTS (SELECT FROM job AS j WHERE j.id = mark.id);
      EXIT WHEN waiting OR running OR mark.next_id IS NULL;
      mark.id := mark.next_id;
      mark.next_id := NULL;
    END LOOP;
    held := CASE WHEN mark.expires_at IS NULL THEN waiting OR (running AND mark.until = 'done')
                 ELSE mark.expires_at > clock_timestamp() END;
    IF NOT held THEN
      UPDATE unique_job AS m
      SET id = new_id, next_id = NULL, until = hold_until, expires_at = clock_timestamp() + hold_for,
          asked_at = clock_timestamp()
      WHERE m.key = hash;
      EXIT;
    END IF;

    IF waiting AND when_held IN ('replace', 'debounce') THEN
      DELETE FROM job AS j WHERE j.id IN (mark.id, mark.next_id);  -- which waits for those who hold the job back
      UPDATE unique_job AS m SET id = new_id, next_id = NULL WHERE m.key = hash;
      IF when_held = 'debounce' THEN
        new_due := least(new_due, mark.asked_at + longest_delay);
      END IF;
      EXIT;
    END IF;

    IF running AND mark.expires_at IS NULL THEN
      PERFORM FROM job AS j WHERE j.id = mark.next_id FOR KEY SHARE SKIP LOCKED;
      behind := FOUND;
      IF NOT behind AND EXISTS (SELECT FROM job AS j WHERE j.id = mark.next_id) THEN
        -- It has begun meanwhile, and the other is gone; or who has it may leave it as it is, such as a cancel that is
        -- rolled back.  All is to be looked at anew, and not to be waited for on its row, as it may begin.
        PERFORM pg_sleep(0.005);
        CONTINUE;
      END IF;
      IF behind AND when_held IN ('skip', 'once_more') THEN
        winner := mark.next_id;
        RETURN;
      END IF;
      IF when_held <> 'skip' THEN  -- what runs cannot be changed any more
        IF behind THEN
          DELETE FROM job AS j WHERE j.id = mark.next_id;
          IF when_held = 'debounce' THEN
            new_due := least(new_due, mark.asked_at + longest_delay);
          END IF;
        END IF;
        UPDATE unique_job AS m
        SET id = mark.id, next_id = new_id, asked_at = CASE WHEN behind THEN m.asked_at ELSE clock_timestamp() END
        WHERE m.key = hash;
        EXIT;
      END IF;
    END IF;

    UPDATE unique_job AS m SET id = mark.id, next_id = NULL WHERE m.key = hash AND m.id <> mark.id;
    winner := mark.id;
    RETURN;
  END LOOP;

  IF when_held = 'debounce' THEN
    new_due := least(new_due, clock_timestamp() + longest_delay);  -- of the first as well
  END IF;
  INSERT INTO job (id, queue, due_at, envelope) VALUES (new_id, new_queue, new_due, new_envelope);
  winner := new_id;
  own := true;
  due := new_due;
END
$function$;
