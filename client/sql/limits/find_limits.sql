-- find_limits.sql: all limits by name: kind, how many, how many were declared, the length of the period in ms, burst, whether
-- it is by key, and when it was changed, in ms since 1970.
SELECT name, kind, coalesce(most, declared_most), declared_most, per_ms, burst, per_key,
       CASE WHEN most IS NOT NULL THEN (extract(epoch FROM changed_at) * 1000)::bigint END
FROM {schema}.limits ORDER BY name;
