#!lua flags=no-writes
-- celery_taken.lua: what was taken of Celery's messages and is not forgotten, the oldest first.
--   KEYS[1] ac:celery:{q}:taken   ARGV[1] how many at most   ARGV[2] how many bytes in all, but for one
--   returns the messages
local answer, room = {}, tonumber(ARGV[2])
for i = 1, tonumber(ARGV[1]) do
  local message = redis.call('LINDEX', KEYS[1], -i)
  if not message or (i > 1 and #message > room) then break end
  answer[i] = message
  room = room - #message
end
return answer
