-- blame_committed.sql: when transaction $1 has committed; null: the server does not keep that, or has forgotten it.
SELECT CASE WHEN pg_catalog.current_setting('track_commit_timestamp') = 'on' THEN
  (extract(epoch FROM pg_catalog.pg_xact_commit_timestamp($1::xid8::xid))::numeric * 1000000::numeric)::bigint END;
