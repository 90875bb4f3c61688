-- close_event.sql: nobody has given it in time: from now on nobody can.
UPDATE {schema}.flow_event SET closed_at = pg_catalog.clock_timestamp() WHERE flow = $1 AND name = $2;
