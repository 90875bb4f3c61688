-- find_room.sql: how many more jobs each of these limits has room for now: places that are free, or times to come at within the
-- next ten seconds (see take_tokens.sql).  $1: a JSON array of [name, key, most, per_ms, burst], the last three for where the
-- table does not know; per_ms is null for places.
WITH asked AS MATERIALIZED (
  SELECT given.n, given.one ->> 0 AS name, given.one ->> 1 AS key,
         coalesce(limits.most, limits.declared_most, (given.one ->> 2)::int) AS most,
         coalesce(limits.per_ms, (given.one ->> 3)::bigint) AS per_ms,
         coalesce(limits.burst, (given.one ->> 4)::int) AS burst
  FROM pg_catalog.json_array_elements($1::json) WITH ORDINALITY AS given (one, n)
  LEFT JOIN {schema}.limits ON limits.name = given.one ->> 0),
held AS MATERIALIZED (
  SELECT (((classid::bigint << 32) | objid::bigint) >> 14) << 14 AS base, pg_catalog.count(*) AS jobs
  FROM pg_catalog.pg_locks
  WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  GROUP BY 1),
rates AS MATERIALIZED (
  SELECT asked.n, asked.most,
         pg_catalog.ceil(asked.per_ms * 1000::float8 / nullif(asked.most, 0)) * interval '1 microsecond' AS step,
         asked.burst, rate.next_at, rate.last_turn, pg_catalog.clock_timestamp() AS today
  FROM asked LEFT JOIN {schema}.rate ON rate.name = asked.name AND rate.key = asked.key
  WHERE asked.per_ms IS NOT NULL),
next AS MATERIALIZED (
  SELECT n, most, step, today, greatest(last_turn + step, next_at - burst * step, today) AS turn FROM rates)
SELECT asked.n,
       CASE WHEN asked.per_ms IS NULL THEN greatest(asked.most - coalesce(held.jobs, 0), 0)
            WHEN next.most = 0 OR next.turn > next.today + interval '10 seconds' THEN 0
            ELSE pg_catalog.floor(least(extract(epoch FROM next.today + interval '10 seconds' - next.turn)
                                        / extract(epoch FROM next.step) + 1, 10000)) END::bigint
FROM asked
LEFT JOIN held ON asked.per_ms IS NULL AND held.base = {schema}.limit_place(asked.name, asked.key)
LEFT JOIN next ON next.n = asked.n
ORDER BY asked.n;
