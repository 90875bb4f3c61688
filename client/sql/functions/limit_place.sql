-- limit_place.sql: the first of the 16384 advisory locks that are the places of a limit and a key.
CREATE OR REPLACE FUNCTION {schema}.limit_place(name text, key text) RETURNS bigint LANGUAGE sql STABLE
SET search_path = pg_catalog, {schema}, pg_temp AS $function$
  SELECT (hashtextextended((current_schemas(false))[2] || ':limit:' || name || ':' || key, 0) >> 14) << 14
$function$;
