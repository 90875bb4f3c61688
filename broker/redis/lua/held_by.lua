#!lua flags=no-writes
-- held_by.lua: read the entries that this worker holds.
--   KEYS[1] ac:{q}:stream
--   ARGV[1] worker   ARGV[2] ARGV[3] lowest and highest entry id   ARGV[4...] entry ids, at most 1000
--   returns of each that it holds, in their order: entry id, fields and values
local stream, entries, found = KEYS[1], {unpack(ARGV, 4)}, {}
for i, answer in ipairs(held(stream, ARGV[1], ARGV[2], ARGV[3], entries)) do
  if answer == 1 then found[#found + 1] = redis.call('XRANGE', stream, entries[i], entries[i])[1] end
end
return found
