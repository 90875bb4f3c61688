#!lua
-- schedule.lua: add jobs that are due later.  Refused when Redis is full, as XADD is.
--   KEYS[1] ac:{q}:delayed
--   ARGV[1] the channel ac:{q}:wake
--   ARGV[2...] of each job, at most 1000: 'in' or 'at', ms from now or since 1970, payload
--   returns how many payloads were new
-- A payload that waits already keeps its earlier due time (LT), so a job sent again after a lost reply is one job.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local delayed, added = KEYS[1], 0

local head_ms = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
local soonest_ms = math.huge
for i = 2, #ARGV, 3 do
  local due_ms = (ARGV[i] == 'in' and now_ms or 0) + ARGV[i + 1]
  added = added + redis.call('ZADD', delayed, 'LT', due_ms, ARGV[i + 2])
  soonest_ms = math.min(soonest_ms, due_ms)
end
if soonest_ms < tonumber(head_ms or math.huge) then hint(ARGV[1]) end
return added
