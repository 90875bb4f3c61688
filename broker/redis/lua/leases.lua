#!lua flags=allow-oom
-- leases.lua: read the leases of a queue.  A consumer that has none is given one that begins now: Redis has lost the
-- leases, and whoever lives must have time to renew its own.
--   KEYS[1] ac:{q}:workers   KEYS[2...] the stream of each level
--   ARGV[1] length of that lease in ms
--   returns of each worker: its id, its score, and the ms until that by Redis' clock
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local workers, names = KEYS[1], {}

for i = 2, #KEYS do
  local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[i], 'workers')
  if not consumers.err then
    for _, consumer in ipairs(consumers) do
      for j = 1, #consumer, 2 do
        if consumer[j] == 'name' then names[#names + 1] = consumer[j + 1] end
      end
    end
  elseif not string.find(consumers.err, 'NOGROUP', 1, true) and not string.find(consumers.err, 'no such key', 1, true) then
    error(consumers)  -- else no worker has come there yet, or Redis has lost its data
  end
end
for _, name in ipairs(names) do redis.call('ZADD', workers, 'NX', now_ms + ARGV[1], name) end

local found, scores = {}, redis.call('ZRANGE', workers, 0, -1, 'WITHSCORES')
for i = 1, #scores, 2 do
  found[#found + 1] = scores[i]
  found[#found + 1] = scores[i + 1]
  found[#found + 1] = tonumber(scores[i + 1]) - now_ms
end
return found
