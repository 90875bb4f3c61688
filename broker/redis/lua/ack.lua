#!lua flags=allow-oom
-- ack.lua: forget the jobs that are done, those that this worker still holds.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:durable
--   ARGV[1] worker   ARGV[2] ARGV[3] lowest and highest entry id
--   ARGV[4...] of each job, at most 1000: entry id, its job's id (16 bytes) if that is durable or ''
--   returns for each job: 1 done | 0 no longer pending | -1 held by another worker
local stream, entries, ids = KEYS[1], {}, {}
for i = 4, #ARGV, 2 do
  entries[#entries + 1] = ARGV[i]
  ids[#ids + 1] = ARGV[i + 1]
end

local answers = held(stream, ARGV[1], ARGV[2], ARGV[3], entries)
forget_durable(KEYS[2], ids, answers)
forget(stream, entries, answers)
return answers
