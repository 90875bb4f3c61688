-- write_progress.sql: how far these jobs have got ($1, an array of objects), each once; the word of an earlier attempt, of a
-- worker that was taken for dead, changes nothing, unless nothing was said for a while: the attempts of a dead job that was
-- retried count from 1 again.  In one order, so that two that write the same do not wait for each other.
INSERT INTO {schema}.progress AS kept (id, attempt, done, total, note, at)
SELECT id, attempt, done, total, note, pg_catalog.clock_timestamp()
FROM pg_catalog.json_to_recordset($1::json) AS told(id uuid, attempt int, done bigint, total bigint, note text)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET attempt = excluded.attempt, done = excluded.done, total = excluded.total,
  note = excluded.note, at = excluded.at
WHERE kept.attempt <= excluded.attempt OR kept.at < excluded.at - interval '10 seconds';
