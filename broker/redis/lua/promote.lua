#!lua flags=allow-oom
-- promote.lua: move the jobs that are due to the ready ones, oldest first.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:delayed
--   ARGV[1] how many at most, up to 1000
--   returns how many it moved, ms until the next one is due (0: there are more to move; -1: none waits)
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local stream, delayed = KEYS[1], KEYS[2]

local due = redis.call('ZRANGE', delayed, '-inf', now_ms, 'BYSCORE', 'LIMIT', 0, ARGV[1])
for _, payload in ipairs(due) do redis.call('XADD', stream, '*', 'e', payload) end
if #due > 0 then redis.call('ZREM', delayed, unpack(due)) end

local next_ms = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
local year_ms = 31556952000  -- another program's score may be infinite, which no reply can hold
return {#due, next_ms and math.min(math.max(0, next_ms - now_ms), year_ms) or -1}
