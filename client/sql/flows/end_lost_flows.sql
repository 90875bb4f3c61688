-- end_lost_flows.sql: a page of flows from an id on: of those that have neither a job nor a dead letter any more, as they
-- were cancelled or deleted, it is said that they have ended.  Gives the last id of the page; no row: there is none.
WITH page AS MATERIALIZED (
  SELECT id FROM {schema}.flow WHERE id > $1 AND ended_at IS NULL ORDER BY id LIMIT 1000),
lost AS MATERIALIZED (
  SELECT id FROM page
  WHERE NOT EXISTS (SELECT FROM {schema}.job WHERE job.id = page.id)
    AND NOT EXISTS (SELECT FROM {schema}.dead WHERE dead.id = page.id)),
ended AS (
  UPDATE {schema}.flow SET ended_at = pg_catalog.clock_timestamp() WHERE id IN (SELECT id FROM lost) AND ended_at IS NULL)
SELECT id FROM page ORDER BY id DESC LIMIT 1;
