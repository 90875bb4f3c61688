-- claim_jobs.sql: asks for unique jobs of one call, in the order of the JSON array $1, which all callers sort alike.
-- Each of its objects has a key or args, an id and an envelope; the rest is the same for all.
SELECT asked.n, claimed.winner, claimed.own,
       (extract(epoch FROM claimed.due - pg_catalog.clock_timestamp())::float8 * 1000::float8)::bigint
FROM pg_catalog.json_to_recordset($1::json) AS asked (n int, key text, args text, id uuid, envelope text)
CROSS JOIN LATERAL {schema}.claim_unique(
  $2::text, asked.args, asked.key, $3::text, $4::float8 * interval '1 millisecond', $5::text,
  $6::float8 * interval '1 millisecond', asked.id, $7::text,
  coalesce(pg_catalog.to_timestamp($8::float8 / 1000::float8),
           pg_catalog.clock_timestamp() + $9::float8 * interval '1 millisecond'),
  asked.envelope) AS claimed;
