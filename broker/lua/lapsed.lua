#!lua flags=allow-oom
-- lapsed.lua: find the workers whose lease has ended.  A consumer that has none is given one that begins now: Redis has
-- lost the leases, and whoever lives must have time to renew its own.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:workers
--   ARGV[1] length of that lease in ms
--   returns the workers, at most 1000
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local stream, workers = KEYS[1], KEYS[2]

local lapsed = redis.call('ZRANGE', workers, '-inf', now_ms, 'BYSCORE', 'LIMIT', 0, 1000)
local consumers = redis.pcall('XINFO', 'CONSUMERS', stream, 'workers')
if consumers.err then
  if not string.find(consumers.err, 'NOGROUP', 1, true) and not string.find(consumers.err, 'no such key', 1, true) then
    error(consumers)
  end
  consumers = {}  -- no worker has come yet, or Redis has lost its data
end
for _, consumer in ipairs(consumers) do
  for i = 1, #consumer, 2 do
    if consumer[i] == 'name' then redis.call('ZADD', workers, 'NX', now_ms + ARGV[1], consumer[i + 1]) end
  end
end
return lapsed
