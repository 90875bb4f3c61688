#!lua flags=allow-oom
-- bury.lua: keep jobs as dead letters, those that this worker still holds.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:dead
--   ARGV[1] worker   ARGV[2] ARGV[3] lowest and highest entry id
--   ARGV[4...] of each job, at most 1000: entry id, letter
--   returns for each job: 1 done | 0 no longer pending | -1 held by another worker
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local stream, dead, entries = KEYS[1], KEYS[2], {}
for i = 4, #ARGV, 2 do entries[#entries + 1] = ARGV[i] end

local answers = held(stream, ARGV[1], ARGV[2], ARGV[3], entries)
for i, answer in ipairs(answers) do
  if answer == 1 then redis.call('ZADD', dead, now_ms, ARGV[3 + 2 * i]) end
end
forget(stream, entries, answers)
return answers
