-- set_limit.sql: changes a limit for all workers, from the caller's commit on; most null: as it is declared again.  Answers
-- whether it was another before.
CREATE OR REPLACE FUNCTION {schema}.set_limit(name text, most int) RETURNS boolean LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  before int;
BEGIN
  IF set_limit.most NOT BETWEEN 0 AND 10000 THEN
    RAISE EXCEPTION 'cannot set limit % to %', quote_nullable(left(set_limit.name, 100)), set_limit.most
      USING ERRCODE = '22023', HINT = 'It is a whole number from 0, with which no job begins, to 10000.';
  END IF;
  SELECT l.most INTO before FROM limits AS l WHERE l.name = set_limit.name FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no limit %', quote_nullable(left(set_limit.name, 100))
      USING ERRCODE = '22023', HINT = 'Workers enter the limits of their tasks and queues when they start, in the table limits.';
  END IF;
  IF before IS NOT DISTINCT FROM set_limit.most THEN
    RETURN false;
  END IF;
  UPDATE limits AS l
  SET most = set_limit.most, changed_at = clock_timestamp(),
      lowered_at = CASE WHEN coalesce(set_limit.most, l.declared_most) < coalesce(l.most, l.declared_most)
                     THEN clock_timestamp() ELSE l.lowered_at END
  WHERE l.name = set_limit.name;
  RETURN true;
END
$function$;
