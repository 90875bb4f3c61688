-- notice.sql: has the commit tell the relays, as tell_relays.sql does and for the same reasons; part of other statements.
CASE WHEN pg_catalog.lower(coalesce(pg_catalog.current_setting('aftercommit.notify', true), '')) NOT IN ('off', 'false', 'no', '0')
      AND pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('aftercommit.notify ' || {schema_name}, 0))
    THEN CAST(pg_catalog.pg_notify({schema_name}, '') AS text) END
