#!lua flags=allow-oom
-- recover.lua: put the jobs of a worker that is silent back among the ready ones, each in its level, as they are, last;
-- and forget the worker once it holds none.
--   KEYS[1] ac:{q}:workers   KEYS[2...] the stream of each level, the most urgent first
--   ARGV[1] worker   ARGV[2] how many at most, up to 1000   ARGV[3] bytes after which to stop
--   ARGV[4] the score that its lease was seen with, and must still have | '' whatever its lease: it is known to be dead
--   returns how many it put back, and 1 if the worker holds more | 0
local workers, worker, limit, room = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local score = redis.call('ZSCORE', workers, worker)
if ARGV[4] ~= '' and score ~= ARGV[4] then return {0, 0} end
local levels = {}
for i = 2, #KEYS do
  local held = redis.pcall('XPENDING', KEYS[i], 'workers', '-', '+', limit + 1, worker)
  if not held.err then
    levels[#levels + 1] = {stream = KEYS[i], held = held}
  elseif not string.find(held.err, 'NOGROUP', 1, true) then  -- else no worker has come there, or Redis lost its data
    error(held)
  end
end

local put_back, looked_at, bytes = 0, 0, 0
for _, level in ipairs(levels) do
  local stream = level.stream
  for _, pending in ipairs(level.held) do
    if looked_at >= limit or bytes >= room then return {put_back, 1} end
    looked_at = looked_at + 1
    local entry = pending[1]
    local found = redis.call('XRANGE', stream, entry, entry)[1]
    if found then  -- else somebody has deleted it, and there is nothing to put back
      local fields = found[2]
      for _, text in ipairs(fields) do bytes = bytes + #text end
      -- An entry of another program may have more fields than a call takes; as one text it is no envelope either.
      if #fields > 2000 then fields = {'e', table.concat(fields, ' ')} end
      redis.call('XADD', stream, '*', unpack(fields))
      put_back = put_back + 1
    end
    redis.call('XACK', stream, 'workers', entry)
    redis.call('XDEL', stream, entry)
  end
end
for _, level in ipairs(levels) do redis.call('XGROUP', 'DELCONSUMER', level.stream, 'workers', worker) end
redis.call('ZREM', workers, worker)
return {put_back, 0}
