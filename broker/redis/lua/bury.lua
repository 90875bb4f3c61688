#!lua flags=allow-oom
-- bury.lua: keep jobs as dead letters, those that this worker still holds.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:durable   KEYS[3] ac:{q}:dead
--   ARGV[1] worker   ARGV[2] ARGV[3] lowest and highest entry id
--   ARGV[4...] of each job, at most 1000: entry id, its job's id (16 bytes) if that is durable or '', letter
--   returns for each job: 1 done | 0 no longer pending | -1 held by another worker
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local stream, dead, entries, ids = KEYS[1], KEYS[3], {}, {}
for i = 4, #ARGV, 3 do
  entries[#entries + 1] = ARGV[i]
  ids[#ids + 1] = ARGV[i + 1]
end

local answers = held(stream, ARGV[1], ARGV[2], ARGV[3], entries)
redis.call('ZCARD', dead)  -- refused where the key is another program's
forget_durable(KEYS[2], ids, answers)
for i, answer in ipairs(answers) do
  if answer == 1 then redis.call('ZADD', dead, now_ms, ARGV[3 + 3 * i]) end
end
forget(stream, entries, answers)
return answers
