-- settle_cancels.sql: sees to the requests of cancel() for jobs that ran: those that run no more do not run again, be it that
-- they have failed or that their worker has died.  Gives the ids of those that still run.  With of_job to that one alone: so
-- the transaction of a caller has nothing to do with what others have asked for.
CREATE OR REPLACE FUNCTION {schema}.settle_cancels(of_job uuid DEFAULT NULL) RETURNS SETOF uuid LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  request record;
  ended text;
BEGIN
  FOR request IN
    SELECT id, queue FROM cancelled WHERE state = 'requested' AND (of_job IS NULL OR id = of_job) ORDER BY id
    FOR UPDATE SKIP LOCKED
  LOOP
    DELETE FROM job WHERE id = (SELECT id FROM job WHERE id = request.id FOR UPDATE SKIP LOCKED);
    IF FOUND THEN
      ended := 'running';
    ELSIF EXISTS (SELECT FROM job WHERE id = request.id) THEN
      CONTINUE;  -- another transaction has it: it runs
    ELSE
      DELETE FROM dead WHERE id = request.id;  -- since the request: cancel() makes none for a dead job
      IF FOUND THEN
        ended := 'running';
      ELSIF request.queue IS NOT NULL THEN
        ended := 'too_late';  -- it was durable, and is gone with its effect
      ELSIF NOT pg_try_advisory_xact_lock(hashtextextended(request.id::text, 0)) THEN
        CONTINUE;
      ELSE
        INSERT INTO ledger (id) VALUES (request.id) ON CONFLICT DO NOTHING;
        ended := CASE WHEN FOUND THEN 'running' ELSE 'too_late' END;
      END IF;
    END IF;
    UPDATE cancelled SET state = ended, settled_at = clock_timestamp() WHERE id = request.id;
  END LOOP;
  RETURN QUERY SELECT id FROM cancelled WHERE state = 'requested' AND (of_job IS NULL OR id = of_job);
END
$function$;
