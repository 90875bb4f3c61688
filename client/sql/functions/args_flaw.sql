-- args_flaw.sql: what is wrong with the arguments of a job, in words; null if nothing is.  Walks over json and not jsonb:
-- that keeps the digits of a number as they were written, and both members of a key that stands twice.  Compiling the walk
-- would take a second: PostgreSQL thinks it worth that where a setting makes loops look expensive.
CREATE OR REPLACE FUNCTION {schema}.args_flaw(args text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, {schema}, pg_temp SET standard_conforming_strings = on SET jit = off AS $function$
DECLARE
  tree json;
  escapes text;
  detail text;
  value_count bigint;
  too_deep boolean;
  key_twice boolean;
  whole_number text;
BEGIN
  IF args IS NULL THEN
    RETURN 'args is NULL';
  END IF;
  IF octet_length(args) > 1048576 THEN
    RETURN 'args takes ' || octet_length(args) || ' bytes, over the limit of 1048576';
  END IF;
  IF getdatabaseencoding() = 'SQL_ASCII' AND args COLLATE "C" ~ '[^\x01-\x7f]' THEN
    RETURN 'args holds more than ASCII, and what it means is unknown in a database with the encoding SQL_ASCII';
  END IF;

  tree := args::json;
  IF json_typeof(tree) <> 'array' THEN
    RETURN 'args is a JSON ' || json_typeof(tree) || ' and not an array';
  END IF;

  IF strpos(args, '\u') > 0 THEN
    escapes := regexp_replace(args, '\\[^u]', '', 'g');  -- so that every backslash left begins a \u
    IF escapes ~ '\\u0000' THEN
      RETURN 'args holds the character \u0000, which PostgreSQL has no text for';
    END IF;
    IF regexp_replace(escapes, '\\u[dD][89abAB]..\\u[dD][c-fC-F]..', '', 'g') ~ '\\u[dD][89a-fA-F]' THEN
      RETURN 'args holds one half of a surrogate pair';
    END IF;
  END IF;

  WITH RECURSIVE node AS (
    SELECT tree AS value, 1 AS depth
    UNION ALL
    SELECT child.value, depth + 1
    FROM node, LATERAL (
      SELECT element.value
      FROM json_array_elements(CASE json_typeof(node.value) WHEN 'array' THEN node.value END) AS element
      UNION ALL
      SELECT member.value
      FROM json_each(CASE json_typeof(node.value) WHEN 'object' THEN node.value END) AS member) AS child
    WHERE depth <= 64),
  bounded AS (SELECT value, value::text AS digits, json_typeof(value) AS kind, depth FROM node LIMIT 10002)
  SELECT count(*) - 1,
         bool_or(depth > 64 AND kind IN ('array', 'object')),
         bool_or(CASE kind WHEN 'object' THEN (SELECT count(*) > count(DISTINCT key) FROM json_object_keys(value) AS key)
                 END),
         min(CASE WHEN kind <> 'number' OR digits ~ '[.eE]' THEN NULL
                  WHEN length(digits) > 20 THEN left(digits, 40)
                  WHEN digits::numeric NOT BETWEEN -9223372036854775808 AND 18446744073709551615 THEN digits END),
         string_agg(CASE WHEN kind = 'number' AND digits ~ '[.eE]' AND digits::float8 IS NULL THEN '' END, '')
  INTO value_count, too_deep, key_twice, whole_number, detail  -- the last one fails if a double cannot hold a number
  FROM bounded;

  RETURN CASE
    WHEN value_count > 10000 THEN 'args holds more than 10000 values'
    WHEN too_deep THEN 'args nests arrays and objects deeper than 64 levels'
    WHEN key_twice THEN 'args holds an object with the same key twice'
    WHEN whole_number IS NOT NULL THEN 'args holds the whole number ' || whole_number || ', which does not fit 64 bits'
  END;
EXCEPTION
  WHEN statement_too_complex THEN
    RETURN 'args nests arrays and objects deeper than 64 levels';
  WHEN numeric_value_out_of_range THEN
    RETURN 'args holds a number that a double cannot: ' || left(SQLERRM, 80);
  WHEN untranslatable_character THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN 'args holds a character that the encoding ' || getdatabaseencoding() || ' of this database lacks: '
      || left(concat_ws('; ', SQLERRM, nullif(detail, '')), 200);
  WHEN data_exception THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN 'args is not JSON: ' || left(concat_ws('; ', SQLERRM, nullif(detail, '')), 200);
END
$function$;
