#!lua flags=allow-oom
-- group.lua: make the consumer group of a queue if it is missing.  A script, because XGROUP CREATE is refused
-- when Redis is full, and then a queue filled before its first worker came could never be drained.
--   KEYS[1] ac:{q}:stream
--   returns 1 made | 0 was there
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], 'workers', '0', 'MKSTREAM')
if not made.err then return 1 end
if string.find(made.err, 'BUSYGROUP', 1, true) then return 0 end
return made
