#!lua flags=allow-oom
-- bring_back.lua: put jobs that stand aside for one reason back among the ready ones, as they are, last.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:aside   KEYS[3] ac:{q}:aside:<reason>
--   ARGV[1] the reason   ARGV[2] how many at most, up to 1000   ARGV[3] bytes after which to stop
--   ARGV[4] '1': all | '0': only those whose time has come
--   returns how many it put back
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local stream, reasons, aside = KEYS[1], KEYS[2], KEYS[3]

local latest = ARGV[4] == '1' and '+inf' or now_ms
local waiting = redis.call('ZRANGE', aside, '-inf', latest, 'BYSCORE', 'LIMIT', 0, ARGV[2])
local put_back, bytes = {}, 0
for _, payload in ipairs(waiting) do
  if bytes >= tonumber(ARGV[3]) then break end
  bytes = bytes + #payload
  redis.call('XADD', stream, '*', 'e', payload)
  put_back[#put_back + 1] = payload
end
if #put_back > 0 then redis.call('ZREM', aside, unpack(put_back)) end
if redis.call('ZCARD', aside) == 0 then redis.call('SREM', reasons, ARGV[1]) end
return #put_back
