-- declare.sql: app $1 declares the periodic tasks $2.  What another version of the code has declared is replaced where this
-- worker starts ($3), as the last one that started is right, or where no worker of that version has lived for a minute.
-- In one order, so that workers that start together wait for one another and do not deadlock.
INSERT INTO {schema}.periodic AS known (app, name, task, schedule, zone, missed, envelope)
SELECT $1, name, task, schedule, zone, missed, envelope FROM {declared} ORDER BY name
ON CONFLICT (app, name) DO UPDATE SET
  task = excluded.task, schedule = excluded.schedule, zone = excluded.zone, missed = excluded.missed,
  envelope = excluded.envelope, seen_at = excluded.seen_at,
  next_at = CASE WHEN known.schedule = excluded.schedule AND known.zone = excluded.zone THEN known.next_at END,
  declared_at = CASE WHEN known.task = excluded.task AND known.schedule = excluded.schedule
                       AND known.zone = excluded.zone AND known.missed = excluded.missed
                       AND known.envelope = excluded.envelope
                     THEN known.declared_at ELSE excluded.declared_at END
WHERE CASE WHEN known.task = excluded.task AND known.schedule = excluded.schedule AND known.zone = excluded.zone
             AND known.missed = excluded.missed AND known.envelope = excluded.envelope
           THEN known.seen_at < pg_catalog.now() - interval '15 seconds'
           ELSE $3::boolean OR known.seen_at < pg_catalog.now() - interval '1 minute' END;
