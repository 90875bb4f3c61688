-- finish_step.sql: it has answered; no row: that has been written down already.
UPDATE {schema}.flow_step SET value = $3::json, tries = $4, done_at = pg_catalog.clock_timestamp()
WHERE flow = $1 AND place = $2 AND done_at IS NULL RETURNING place;
