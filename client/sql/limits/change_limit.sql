-- change_limit.sql: as set_limit.sql; no row where there is no limit of this name.
SELECT {schema}.set_limit(name, $2::int) FROM {schema}.limits WHERE name = $1::text;
