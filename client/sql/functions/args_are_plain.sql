-- args_are_plain.sql: whether arguments need no closer look by args_flaw: a short array of numbers that any reader can
-- hold, of texts without escapes, true, false and null.  Without a backslash, which settings of a session give a meaning.
CREATE OR REPLACE FUNCTION {schema}.args_are_plain(args text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $function$
  SELECT octet_length(args) < 10000 AND (args COLLATE "C") ~
    ('^ *[[] *(|(-?(0|[1-9][0-9]{0,17})([.][0-9]{1,17})?|"[] !#-[^-~]*"|true|false|null)'
     || '( *, *(-?(0|[1-9][0-9]{0,17})([.][0-9]{1,17})?|"[] !#-[^-~]*"|true|false|null))*) *[]] *$')
$function$;
