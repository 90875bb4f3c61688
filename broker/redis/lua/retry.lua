#!lua flags=allow-oom
-- retry.lua: put jobs among the delayed ones, those that this worker still holds.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:delayed
--   ARGV[1] worker   ARGV[2] ARGV[3] lowest and highest entry id   ARGV[4] the channel ac:{q}:wake
--   ARGV[5...] of each job, at most 1000: entry id, countdown in ms, payload
--   returns for each job: 1 done | 0 no longer pending | -1 held by another worker
-- A payload that waits already keeps its earlier due time (LT): the same job at the same attempt, delivered twice.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local stream, delayed, entries = KEYS[1], KEYS[2], {}
for i = 5, #ARGV, 3 do entries[#entries + 1] = ARGV[i] end

local answers = held(stream, ARGV[1], ARGV[2], ARGV[3], entries)
local head_ms = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
local soonest_ms = math.huge
for i, answer in ipairs(answers) do
  if answer == 1 then
    local due_ms = now_ms + ARGV[3 + 3 * i]
    redis.call('ZADD', delayed, 'LT', due_ms, ARGV[4 + 3 * i])
    soonest_ms = math.min(soonest_ms, due_ms)
  end
end
forget(stream, entries, answers)
if soonest_ms < tonumber(head_ms or math.huge) then hint(ARGV[4]) end
return answers
