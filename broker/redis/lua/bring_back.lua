#!lua flags=allow-oom
-- bring_back.lua: put jobs that stand aside for one reason back among the ready ones, as they are, last.
--   KEYS of each level, the most urgent first: its stream, its reasons (aside), its jobs (aside:<reason>)
--   ARGV[1] the reason   ARGV[2] how many at most, up to 1000   ARGV[3] bytes after which to stop
--   ARGV[4] '1': all | '0': only those whose time has come
--   returns how many it put back
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, room = tonumber(ARGV[2]), tonumber(ARGV[3])

local latest = ARGV[4] == '1' and '+inf' or now_ms
local all, bytes = 0, 0
for i = 1, #KEYS, 3 do
  local stream, reasons, aside = KEYS[i], KEYS[i + 1], KEYS[i + 2]
  local waiting = redis.call('ZRANGE', aside, '-inf', latest, 'BYSCORE', 'LIMIT', 0, limit - all)
  local put_back = {}
  for _, payload in ipairs(waiting) do
    if bytes >= room then break end
    bytes = bytes + #payload
    redis.call('XADD', stream, '*', 'e', payload)
    put_back[#put_back + 1] = payload
  end
  if #put_back > 0 then redis.call('ZREM', aside, unpack(put_back)) end
  if redis.call('ZCARD', aside) == 0 then redis.call('SREM', reasons, ARGV[1]) end
  all = all + #put_back
end
return all
