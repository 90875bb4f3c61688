-- 0007_queue.sql: queues that are paused.

CREATE TABLE {schema}.queue_state (
  queue text PRIMARY KEY CHECK (queue COLLATE "C" ~ '^[A-Za-z0-9_.-]{1,64}$'),
  paused_at timestamptz);  -- null: it is not
GRANT SELECT ON {schema}.queue_state TO PUBLIC;  -- every worker looks, whatever its role was granted

SELECT {schema}.grant_to_workers('queue_state', 'INSERT, UPDATE');
INSERT INTO {schema}.migration (version) VALUES (7);
