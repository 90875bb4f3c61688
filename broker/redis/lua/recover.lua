#!lua flags=allow-oom
-- recover.lua: put the jobs of a worker that is silent back among the ready ones, as they are, last; and forget the
-- worker once it holds none.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:workers
--   ARGV[1] worker   ARGV[2] how many at most, up to 1000   ARGV[3] bytes after which to stop
--   ARGV[4] the score that its lease was seen with, and must still have | '' whatever its lease: it is known to be dead
--   returns how many it put back, and 1 if the worker holds more | 0
local stream, workers, worker, limit = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])

local score = redis.call('ZSCORE', workers, worker)
if ARGV[4] ~= '' and score ~= ARGV[4] then return {0, 0} end
local held = redis.pcall('XPENDING', stream, 'workers', '-', '+', limit + 1, worker)
if held.err then
  if not string.find(held.err, 'NOGROUP', 1, true) then error(held) end
  redis.call('ZREM', workers, worker)
  return {0, 0}
end

local put_back, looked_at, bytes = 0, 0, 0
while looked_at < math.min(#held, limit) and bytes < tonumber(ARGV[3]) do
  looked_at = looked_at + 1
  local entry = held[looked_at][1]
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
if looked_at < #held then return {put_back, 1} end
redis.call('XGROUP', 'DELCONSUMER', stream, 'workers', worker)
redis.call('ZREM', workers, worker)
return {put_back, 0}
