#!lua flags=no-writes
-- limited.lua: some of the limits for which jobs of a level stand aside, and how many do.
--   KEYS[1] limited of the level; the jobs of a limit are in limited:<reason> beside it
--   ARGV[1] the cursor of the call before, '0' to begin   ARGV[2] about how many
--   returns the next cursor; then of each limit: its reason, how many jobs
local page = redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local found = {page[1]}
for _, reason in ipairs(page[2]) do
  found[#found + 1] = reason
  found[#found + 1] = redis.call('ZCARD', KEYS[1] .. ':' .. reason)
end
return found
