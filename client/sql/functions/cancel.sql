-- cancel.sql: cancels a job in the caller's transaction: if, and only if, that commits.  Answers where the job stood:
-- waiting, delayed, running (it is asked to stop), dead, done, cancelled (before), or unknown: there is no row of it, and if
-- it is of another delivery than durable, and has not begun, it never will.
CREATE OR REPLACE FUNCTION {schema}.cancel(id uuid, note text DEFAULT NULL) RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp SET lock_timeout = '2s' AS $function$
DECLARE
  task_in_envelope CONSTANT text := '"task": ?"([A-Za-z0-9_.-]{1,64})"';
  own_schema CONSTANT text := (current_schemas(false))[2];  -- of the search_path above
  is_first boolean;  -- else it was cancelled before
  was_new boolean;
  row_found record;
  stood text;
BEGIN
  IF id IS NULL THEN
    RAISE EXCEPTION 'cannot cancel a job: its id is NULL' USING ERRCODE = '22004', HINT = 'Give the id that asking for it gave.';
  END IF;
  IF NOT (has_table_privilege('cancelled', 'INSERT') AND has_table_privilege('job', 'DELETE')) THEN
    RAISE EXCEPTION 'cannot cancel job %: % may not', id, current_user USING ERRCODE = '42501',
      HINT = format('It takes SELECT, INSERT, UPDATE and DELETE on %1$I.job, %1$I.dead, %1$I.ledger and %1$I.cancelled.',
                    own_schema);
  END IF;

  -- Whoever cancels the same job meanwhile waits here.
  BEGIN
    INSERT INTO cancelled (id, state, note) VALUES (id, 'requested', left(note, 1000)) ON CONFLICT DO NOTHING;
    is_first := FOUND;
  EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'cannot cancel job % now: another transaction, which is still open, does so', id
      USING ERRCODE = '55P03', HINT = 'Try again once that has ended.';
  END;
  IF NOT is_first THEN
    PERFORM settle_cancels(id);  -- if it runs no more
    SELECT cancelled.state INTO stood FROM cancelled WHERE cancelled.id = cancel.id;
    IF stood <> 'unknown' THEN  -- else its row may have come since
      RETURN CASE stood WHEN 'requested' THEN 'running' WHEN 'too_late' THEN 'done' ELSE 'cancelled' END;
    END IF;
  END IF;

  DELETE FROM job
  WHERE job.id = (SELECT one.id FROM job AS one WHERE one.id = cancel.id FOR UPDATE SKIP LOCKED)
  RETURNING job.queue, job.due_at, job.envelope INTO row_found;
  IF FOUND THEN
    stood := CASE WHEN row_found.due_at > clock_timestamp() THEN 'delayed' ELSE 'waiting' END;
    UPDATE cancelled SET queue = row_found.queue, task = substring(row_found.envelope FROM task_in_envelope), state = stood,
                         settled_at = now()
    WHERE cancelled.id = cancel.id;
    RETURN stood;
  END IF;

  -- A row that another transaction has is that of a job which runs: settle_cancels() and the worker see to the request.
  SELECT job.queue, job.envelope INTO row_found FROM job WHERE job.id = cancel.id;
  IF FOUND THEN
    UPDATE cancelled SET queue = row_found.queue, task = substring(row_found.envelope FROM task_in_envelope),
                         state = 'requested', settled_at = NULL
    WHERE cancelled.id = cancel.id;
    PERFORM pg_notify(own_schema, 'cancel');
    RETURN 'running';
  END IF;
  IF EXISTS (SELECT FROM dead WHERE dead.id = cancel.id) THEN
    DELETE FROM cancelled WHERE cancelled.id = cancel.id;
    RETURN 'dead';
  END IF;

  IF NOT is_first THEN
    RETURN 'cancelled';
  END IF;

  -- A job of another delivery has no row.  One that runs holds this lock: see guard_ledger.sql.
  IF NOT pg_try_advisory_xact_lock(hashtextextended(id::text, 0)) THEN
    PERFORM pg_notify(own_schema, 'cancel');
    RETURN 'running';
  END IF;
  BEGIN
    INSERT INTO ledger (id) VALUES (id) ON CONFLICT DO NOTHING;
    was_new := FOUND;
  EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'cannot cancel job % now: another transaction, which is still open, enqueues it', id
      USING ERRCODE = '55P03', HINT = 'Try again once that has ended.';
  END;
  IF NOT was_new THEN
    DELETE FROM cancelled WHERE cancelled.id = cancel.id;
    RETURN 'done';
  END IF;
  UPDATE cancelled SET state = 'unknown', settled_at = now() WHERE cancelled.id = cancel.id;
  RETURN 'unknown';
END
$function$;
