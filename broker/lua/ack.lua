#!lua flags=allow-oom
-- ack.lua: forget the jobs that are done, those that this worker still holds.
--   KEYS[1] ac:{q}:stream
--   ARGV[1] worker   ARGV[2] ARGV[3] lowest and highest entry id   ARGV[4...] entry ids, at most 1000
--   returns for each entry: 1 done | 0 no longer pending | -1 held by another worker
local stream, entries = KEYS[1], {unpack(ARGV, 4)}

local answers = held(stream, ARGV[1], ARGV[2], ARGV[3], entries)
forget(stream, entries, answers)
return answers
