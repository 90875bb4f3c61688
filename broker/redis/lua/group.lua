#!lua flags=allow-oom
-- group.lua: make the consumer group of a queue if it is missing.  A script, because XGROUP CREATE is refused
-- when Redis is full, and then a queue filled before its first worker came could never be drained.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:durable   KEYS[3] ac:{q}:relay
--   returns 1 made, and the durable jobs and the relay's cursors forgotten | 0 was there
return make_group(KEYS[1], KEYS[2], KEYS[3]) and 1 or 0
