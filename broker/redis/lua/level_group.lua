#!lua flags=allow-oom
-- level_group.lua: make the consumer group of another level than the normal one if it is missing.  Nothing follows for
-- the durable jobs of the queue: a level is new to most queues.
--   KEYS[1] ac:{q}:<level>:stream
--   returns 1 made | 0 was there
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], 'workers', '0', 'MKSTREAM')
if not made.err then return 1 end
if string.find(made.err, 'BUSYGROUP', 1, true) then return 0 end
error(made)
