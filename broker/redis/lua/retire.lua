#!lua flags=allow-oom
-- retire.lua: forget a worker that has settled all; one that still holds jobs keeps its name and its lease.
--   KEYS[1] ac:{q}:workers   KEYS[2...] the stream of each level
--   ARGV[1] worker
--   returns 1 forgotten | 0 it holds jobs
local streams = {}
for i = 2, #KEYS do
  local held = redis.pcall('XPENDING', KEYS[i], 'workers', '-', '+', 1, ARGV[1])
  if held.err and not string.find(held.err, 'NOGROUP', 1, true) then error(held) end
  if not held.err then
    if #held > 0 then return 0 end
    streams[#streams + 1] = KEYS[i]
  end
end
redis.call('ZREM', KEYS[1], ARGV[1])
for _, stream in ipairs(streams) do redis.call('XGROUP', 'DELCONSUMER', stream, 'workers', ARGV[1]) end
return 1
