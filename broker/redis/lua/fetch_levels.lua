#!lua flags=allow-oom
-- fetch_levels.lua: take ready jobs of one queue that has several levels: of each its share, and what others leave over
-- from the most urgent that has more.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:durable   KEYS[3] ac:{q}:relay
--   KEYS[4...] the stream of each level, the most urgent first
--   ARGV[1] worker   ARGV[2...] of each level: its share, in jobs
--   returns of each level: its entries | the error
local normal, answers, has_more, room = KEYS[1], {}, {}, 0

local function ask(stream, count)
  return redis.pcall('XREADGROUP', 'GROUP', 'workers', ARGV[1], 'COUNT', count, 'STREAMS', stream, '>')
end

local function read(level, count)
  local stream = KEYS[3 + level]
  local found = ask(stream, count)
  if found and found.err and string.find(found.err, 'NOGROUP', 1, true) then  -- nobody has read it yet
    if stream == normal then
      make_group(normal, KEYS[2], KEYS[3])
    else
      redis.call('XGROUP', 'CREATE', stream, 'workers', '0')
    end
    found = ask(stream, count)
  end
  if found and found.err then
    has_more[level] = false
    if #answers[level] == 0 then answers[level] = found end
    return
  end
  local entries = found and found[1][2] or {}
  for _, entry in ipairs(entries) do table.insert(answers[level], entry) end
  has_more[level] = #entries == count
  room = room - #entries
end

for level = 1, #KEYS - 3 do
  local share, stream = tonumber(ARGV[1 + level]), KEYS[3 + level]
  answers[level] = {}
  has_more[level] = stream == normal or redis.call('EXISTS', stream) == 1
  room = room + share
  if has_more[level] and share > 0 then read(level, share) end
end
for level = 1, #answers do
  if has_more[level] and room > 0 then read(level, room) end
end
return answers
