#!lua flags=no-writes
-- stand_aside.lua: how many jobs stand aside, and for which reasons.
--   KEYS[1] ac:{q}:aside, the reasons; their jobs are in ac:{q}:aside:<reason>
--   returns of each reason: its name, how many
local found = {}
for _, reason in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  found[#found + 1] = reason
  found[#found + 1] = redis.call('ZCARD', KEYS[1] .. ':' .. reason)
end
return found
