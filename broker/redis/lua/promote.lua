#!lua flags=allow-oom
-- promote.lua: move the jobs that are due to the ready ones of their level, oldest first.
--   KEYS of each level: its stream, its delayed jobs
--   ARGV[1] how many of each level at most, up to 1000
--   returns how many it moved, ms until the next one is due (0: there are more to move; -1: none waits)
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local moved, soonest_ms = 0
for i = 1, #KEYS, 2 do
  local stream, delayed = KEYS[i], KEYS[i + 1]
  local due = redis.call('ZRANGE', delayed, '-inf', now_ms, 'BYSCORE', 'LIMIT', 0, ARGV[1])
  for _, payload in ipairs(due) do redis.call('XADD', stream, '*', 'e', payload) end
  if #due > 0 then redis.call('ZREM', delayed, unpack(due)) end
  moved = moved + #due
  local next_ms = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
  if next_ms then soonest_ms = math.min(soonest_ms or math.huge, tonumber(next_ms)) end
end
if not soonest_ms then return {moved, -1} end
local year_ms = 31556952000  -- another program's score may be infinite, which no reply can hold
return {moved, math.min(math.max(0, soonest_ms - now_ms), year_ms)}
