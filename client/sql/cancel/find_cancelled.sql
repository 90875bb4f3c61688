-- find_cancelled.sql: which of these jobs were cancelled and did not take effect.  $2: those count as well of which
-- nothing was known, and that so never begin unless they have a row, which may have come since.
SELECT id FROM {schema}.cancelled WHERE id = ANY ($1::uuid[]) AND state NOT IN ('requested', 'too_late')
  AND (state <> 'unknown' OR $2::boolean);
