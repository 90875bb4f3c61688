#!lua flags=no-writes
-- stand_aside.lua: how many jobs stand aside, and for which reasons.
--   KEYS aside of each level, its reasons; their jobs are in aside:<reason> beside it
--   returns of each reason: its name, how many in all levels
local found, places = {}, {}
for _, reasons in ipairs(KEYS) do
  for _, reason in ipairs(redis.call('SMEMBERS', reasons)) do
    if not places[reason] then
      found[#found + 1] = reason
      found[#found + 1] = 0
      places[reason] = #found
    end
    local place = places[reason]
    found[place] = found[place] + redis.call('ZCARD', reasons .. ':' .. reason)
  end
end
return found
