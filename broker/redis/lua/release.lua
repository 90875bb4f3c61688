#!lua flags=allow-oom
-- release.lua: put jobs back among the ready ones, last, those that this worker still holds.
--   KEYS[1] ac:{q}:stream
--   ARGV[1] worker   ARGV[2] ARGV[3] lowest and highest entry id
--   ARGV[4...] of each job, at most 1000: entry id, payload
--   returns for each job: 1 done | 0 no longer pending | -1 held by another worker
local stream, entries = KEYS[1], {}
for i = 4, #ARGV, 2 do entries[#entries + 1] = ARGV[i] end

local answers = held(stream, ARGV[1], ARGV[2], ARGV[3], entries)
for i, answer in ipairs(answers) do
  if answer == 1 then redis.call('XADD', stream, '*', 'e', ARGV[3 + 2 * i]) end
end
forget(stream, entries, answers)
return answers
