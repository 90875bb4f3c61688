-- take.lua: put in front of group, push, relay and requeue: taking jobs into a queue, the durable ones once each.

-- Makes the consumer group if it is missing: the queue is new, or Redis has lost its jobs.  What the other keys say of
-- durable jobs is not true then, so it goes, and the relay starts anew.
local function make_group(stream, durable, relay)
  local group = redis.pcall('XPENDING', stream, 'workers')
  if not group.err then return false end
  if not string.find(group.err, 'NOGROUP', 1, true) then error(group) end
  redis.call('XGROUP', 'CREATE', stream, 'workers', '0', 'MKSTREAM')
  redis.call('DEL', durable, relay)
  return true
end

-- Takes the jobs of ARGV from `first` on.  Four words each: the 16 bytes of its id, or '' for one that is not durable;
-- 'in' or 'at'; ms from now or since 1970; payload.  In 0 ms is ready at once.  Returns how many were new.
-- The ids come last: should Redis stop in between, a job may come twice, but none is held for taken that is not there.
local function take(stream, delayed, durable, relay, wake, first)
  local time = redis.call('TIME')
  local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
  local ids = {}
  for i = first, #ARGV, 4 do ids[#ids + 1] = ARGV[i] end
  redis.call('HLEN', relay)  -- refused where the key is another program's
  local head_ms = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
  local known = redis.call('SMISMEMBER', durable, '', unpack(ids))
  if make_group(stream, durable, relay) then known = {} end

  local taken, new_ids, seen, soonest_ms = 0, {}, {}, math.huge
  for n, id in ipairs(ids) do
    if known[n + 1] ~= 1 and not seen[id] then
      local i = first + 4 * (n - 1)
      local due_ms = tonumber(ARGV[i + 2])
      if ARGV[i + 1] == 'in' and due_ms <= 0 then
        redis.call('XADD', stream, '*', 'e', ARGV[i + 3])
      else
        if ARGV[i + 1] == 'in' then due_ms = now_ms + due_ms end
        redis.call('ZADD', delayed, 'LT', due_ms, ARGV[i + 3])
        soonest_ms = math.min(soonest_ms, due_ms)
      end
      taken = taken + 1
      if id ~= '' then
        seen[id] = true
        new_ids[#new_ids + 1] = id
      end
    end
  end
  if #new_ids > 0 then redis.call('SADD', durable, unpack(new_ids)) end
  if soonest_ms < tonumber(head_ms or math.huge) then redis.pcall('PUBLISH', wake, '') end  -- a hint, may fail
  return taken
end
