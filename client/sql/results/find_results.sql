-- find_results.sql: what has become of these jobs ($1), in their order, all as of one moment: see functions/result.sql.
SELECT look.state, look.value, look.error, look.log
FROM pg_catalog.unnest($1::uuid[]) WITH ORDINALITY AS asked(id, place) CROSS JOIN LATERAL {schema}.result(asked.id) AS look
ORDER BY asked.place;
