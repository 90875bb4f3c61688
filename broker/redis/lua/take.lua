-- take.lua: put in front of group, fetch_levels, push, relay and requeue, after hint: taking jobs into a queue, the durable
-- ones once each.

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

-- Takes the jobs of ARGV from `first` on.  Four words each: the 16 bytes of its id, '' for one that is not durable, 'again'
-- for one that is taken whether or not its id is known;
-- 'in' or 'at', with the level behind it if that is not the normal one, 'in:high'; ms from now or since 1970; payload.
-- In 0 ms is ready at once.  Returns how many were new.
-- The ids come last: should Redis stop in between, a job may come twice, but none is held for taken that is not there.
local function take(stream, delayed, durable, relay, wake, first)
  local time = redis.call('TIME')
  local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

  -- Where the jobs of a level go.  All that may be refused is asked here, before the first write.
  local function place(level_stream, level_delayed)
    local head_ms = redis.call('ZRANGE', level_delayed, 0, 0, 'WITHSCORES')[2]
    return {stream = level_stream, delayed = level_delayed, soonest_ms = tonumber(head_ms or math.huge)}
  end
  local ids, places = {}, {['in'] = place(stream, delayed)}
  places['at'] = places['in']
  for i = first, #ARGV, 4 do
    ids[#ids + 1] = ARGV[i]
    local how = ARGV[i + 1]
    if not places[how] then
      local stem = string.sub(stream, 1, -1 - #'stream') .. string.sub(how, 4) .. ':'
      redis.call('XLEN', stem .. 'stream')
      places[how] = place(stem .. 'stream', stem .. 'delayed')
    end
  end
  redis.call('HLEN', relay)  -- refused where the key is another program's
  local known = redis.call('SMISMEMBER', durable, '', unpack(ids))
  if make_group(stream, durable, relay) then known = {} end

  local taken, new_ids, seen, sooner = 0, {}, {}, false
  for n, id in ipairs(ids) do
    if known[n + 1] ~= 1 and not seen[id] then
      local i = first + 4 * (n - 1)
      local due_ms, to = tonumber(ARGV[i + 2]), places[ARGV[i + 1]]
      local from_now = string.sub(ARGV[i + 1], 1, 2) == 'in'
      if from_now and due_ms <= 0 then
        redis.call('XADD', to.stream, '*', 'e', ARGV[i + 3])
        -- A flow that was woken needs no copy to come when it would have been due.
        if id == 'again' then redis.call('ZREM', to.delayed, ARGV[i + 3]) end
      else
        if from_now then due_ms = now_ms + due_ms end
        redis.call('ZADD', to.delayed, 'LT', due_ms, ARGV[i + 3])
        sooner = sooner or due_ms < to.soonest_ms
      end
      taken = taken + 1
      if id ~= '' and id ~= 'again' then
        seen[id] = true
        new_ids[#new_ids + 1] = id
      end
    end
  end
  if #new_ids > 0 then redis.call('SADD', durable, unpack(new_ids)) end
  if sooner then hint(wake) end
  return taken
end
