#!lua flags=allow-oom
-- aside.lua: put jobs aside for one reason, those that this worker still holds.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:aside   KEYS[3] ac:{q}:aside:<reason>
--   ARGV[1] worker   ARGV[2] ARGV[3] lowest and highest entry id   ARGV[4] the reason
--   ARGV[5...] of each job, at most 1000: entry id, ms until its time comes, payload
--   returns for each job: 1 done | 0 no longer pending | -1 held by another worker
-- A payload that stands there already keeps its earlier time (LT): the same job, delivered twice.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local stream, reasons, aside, entries = KEYS[1], KEYS[2], KEYS[3], {}
for i = 5, #ARGV, 3 do entries[#entries + 1] = ARGV[i] end

local answers = held(stream, ARGV[1], ARGV[2], ARGV[3], entries)
redis.call('SCARD', reasons)  -- refused where a key is another program's
redis.call('ZCARD', aside)
for i, answer in ipairs(answers) do
  if answer == 1 then
    redis.call('SADD', reasons, ARGV[4])
    redis.call('ZADD', aside, 'LT', now_ms + ARGV[3 + 3 * i], ARGV[4 + 3 * i])
  end
end
forget(stream, entries, answers)
return answers
