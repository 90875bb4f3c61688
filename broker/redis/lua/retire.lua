#!lua flags=allow-oom
-- retire.lua: forget a worker that has settled all; one that still holds jobs keeps its name and its lease.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:workers
--   ARGV[1] worker
--   returns 1 forgotten | 0 it holds jobs
local held = redis.pcall('XPENDING', KEYS[1], 'workers', '-', '+', 1, ARGV[1])
if held.err and not string.find(held.err, 'NOGROUP', 1, true) then error(held) end
if not held.err and #held > 0 then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
if not held.err then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], 'workers', ARGV[1]) end
return 1
