#!lua flags=allow-oom
-- fetch.lua: take ready jobs of several queues in their order, none of a queue while one before it has any.
--   KEYS ac:{q}:stream of each
--   ARGV[1] worker   ARGV[2] how many jobs in all   ARGV[3] how many of one queue: with more it is better read by itself,
--   because a script hands entries on at three times what they cost Redis otherwise
--   returns for each queue read: its entries | nil if it has none | the error.  Ends with an error, and where there may
--   be more of the same queue.
local room, most, answers = tonumber(ARGV[2]), tonumber(ARGV[3]), {}
for i, stream in ipairs(KEYS) do
  local count = math.min(room, most)
  local found = redis.pcall('XREADGROUP', 'GROUP', 'workers', ARGV[1], 'COUNT', count, 'STREAMS', stream, '>')
  if found and found.err then
    answers[i] = found
    break
  end
  answers[i] = found and found[1][2]
  if found then
    room = room - #answers[i]
    if #answers[i] == count then break end
  end
end
return answers
