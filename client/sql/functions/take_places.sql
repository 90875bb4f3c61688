-- take_places.sql: takes a place of each of these limits for the transaction it runs in, which has them until it ends, however
-- it does.  places: a JSON array of [name, key, how many there are if the table does not know].  Answers 0, or which of
-- them, counted from 1, has no place free: then the transaction is to be left.  It waits for nobody.
CREATE OR REPLACE FUNCTION {schema}.take_places(places text) RETURNS int LANGUAGE plpgsql
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
DECLARE
  wanted CONSTANT json := places::json;
  all_places int;
  lowered boolean;
  base bigint;
  start bigint;
  taken boolean;
BEGIN
  FOR i IN 0 .. json_array_length(wanted) - 1 LOOP
    SELECT coalesce(l.most, l.declared_most), l.lowered_at > clock_timestamp() - interval '1 day'
    INTO all_places, lowered FROM limits AS l WHERE l.name = wanted -> i ->> 0;
    all_places := coalesce(all_places, (wanted -> i ->> 2)::int);
    base := limit_place(wanted -> i ->> 0, wanted -> i ->> 1);
    start := extract(microseconds FROM clock_timestamp())::bigint;  -- anywhere: the first ones are the likeliest to be taken
    taken := false;
    FOR n IN 0 .. all_places - 1 LOOP
      taken := pg_try_advisory_xact_lock(base + (start + n) % all_places);
      EXIT WHEN taken;
    END LOOP;
    -- Jobs that began when there were more places count as well.  Of two who take the last place at once neither may get it,
    -- but never both.
    IF taken AND lowered THEN
      SELECT count(*) <= all_places INTO taken FROM pg_locks AS l
      WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
        AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
        AND ((((l.classid::bigint << 32) | l.objid::bigint) >> 14) << 14) = base;
    END IF;
    IF NOT taken THEN
      RETURN i + 1;
    END IF;
  END LOOP;
  RETURN 0;
END
$function$;
