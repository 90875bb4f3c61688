#!lua flags=allow-oom
-- remove.lua: delete jobs of one place by hand, those that nobody has fetched or moved meanwhile.
--   KEYS[1] ac:{q}:durable   KEYS[2] their place: a stream, the delayed jobs, or those of a reason (aside:<reason>)
--   KEYS[3] of a reason: all reasons (aside)
--   ARGV[1] the reason, '' elsewhere   ARGV[2] '1': the place is a stream
--   ARGV[3...] of each job, at most 1000: entry id or, where it is no stream, payload; its job's id (16 bytes) if that is to
--   be forgotten, or ''
--   returns how many it deleted
local durable, place, gone, ids = KEYS[1], KEYS[2], {}, {}
for i = 3, #ARGV, 2 do
  local there
  if ARGV[2] == '1' then
    local pending = redis.pcall('XPENDING', place, 'workers', ARGV[i], ARGV[i], 1)
    if pending.err and not string.find(pending.err, 'NOGROUP', 1, true) then error(pending) end
    local free = pending.err or #pending == 0  -- without a group no worker has come yet
    there = free and #redis.call('XRANGE', place, ARGV[i], ARGV[i]) == 1
  else
    there = redis.call('ZSCORE', place, ARGV[i])
  end
  if there then
    gone[#gone + 1] = ARGV[i]
    if ARGV[i + 1] ~= '' then ids[#ids + 1] = ARGV[i + 1] end
  end
end
if #ids > 0 then redis.call('SREM', durable, unpack(ids)) end
if #gone > 0 then redis.call(ARGV[2] == '1' and 'XDEL' or 'ZREM', place, unpack(gone)) end
if KEYS[3] and redis.call('ZCARD', place) == 0 then redis.call('SREM', KEYS[3], ARGV[1]) end
return #gone
