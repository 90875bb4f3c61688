-- remember_purged.sql: a part of purge_rows.sql: what that deletes is among the cancelled jobs from then on, as where it stood,
-- so that the sum of the audit holds.  A request to stop one that ran, and runs no more, is answered by it.
remembered AS (
  INSERT INTO {schema}.cancelled AS known (id, queue, task, state, settled_at, note)
  SELECT id, queue, substring(envelope FROM '"task": ?"([A-Za-z0-9_.-]{1,64})"'),
         CASE WHEN due_at > pg_catalog.clock_timestamp() THEN 'delayed' ELSE 'waiting' END, pg_catalog.now(), 'purged'
  FROM gone
  ON CONFLICT (id) DO UPDATE
  SET queue = excluded.queue, task = excluded.task, state = excluded.state, settled_at = excluded.settled_at,
      note = coalesce(known.note, excluded.note)),
