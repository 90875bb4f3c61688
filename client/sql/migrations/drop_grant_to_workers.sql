DROP FUNCTION {schema}.grant_to_workers(text, text);
