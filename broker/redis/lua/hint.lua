-- hint.lua: put in front of take, retry and schedule.
-- Tells who listens that a job is due sooner than it thinks.  In a cluster the channel ends in `swake`, and lives in the
-- slot of its name.  May fail: whoever listens looks again soon.
local function hint(channel)
  redis.pcall(string.sub(channel, -6) == ':swake' and 'SPUBLISH' or 'PUBLISH', channel, '')
end

