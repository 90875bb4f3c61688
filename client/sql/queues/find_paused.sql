-- find_paused.sql: the queues that are paused, and since when, in ms since 1970.
SELECT queue, (extract(epoch FROM paused_at) * 1000)::bigint FROM {schema}.queue_state WHERE paused_at IS NOT NULL;
