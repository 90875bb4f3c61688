-- blame_perhaps.sql: the jobs that may have given id $1 to a savepoint that nobody has noted: whose transactions began before
-- it was given, and had not ended when the last one before it began.  The last column: whether that is so, as both have
-- committed at the same microsecond; null: the server does not keep that.  Looks at so many transactions and no more.
SELECT id, task, queue, attempt, asked_in::text, flow, step, worker,
  (extract(epoch FROM began_at)::numeric * 1000000::numeric)::bigint, (extract(epoch FROM at)::numeric * 1000000::numeric)::bigint,
  xid::text,
  CASE WHEN pg_catalog.current_setting('track_commit_timestamp') = 'on' THEN
    pg_catalog.pg_xact_commit_timestamp(xid::xid) = pg_catalog.pg_xact_commit_timestamp($1::xid8::xid) END
FROM (SELECT * FROM {schema}.history WHERE xid < $1::xid8 AND history.xmin = history.xid::xid
  ORDER BY xid DESC LIMIT 100000) AS before
WHERE at >= (SELECT began_at FROM {schema}.history
  WHERE xid < $1::xid8 AND history.xmin = history.xid::xid ORDER BY xid DESC, id DESC LIMIT 1)
ORDER BY 12 DESC NULLS LAST, xid DESC, id LIMIT 20;
