#!lua flags=allow-oom
-- celery_take.lua: take messages of Celery's, the oldest of the most urgent list first: from the lists of their queue to ours,
-- where Celery's own workers do not get them as well.
--   KEYS[1] ac:celery:{q}:taken   KEYS[2] ac:celery:{q}:too_large   KEYS[3...] the queue's lists, the most urgent first
--   ARGV[1] how many at most   ARGV[2] how many bytes in all, but for one   ARGV[3] how many bytes one may have
--   returns how many were too large, then the messages
local most, room, largest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local answer = {0}
for i = 3, #KEYS do
  while #answer + answer[1] <= most do
    local message = redis.call('LINDEX', KEYS[i], -1)
    if not message then break end
    if #message > largest then
      redis.call('LMOVE', KEYS[i], KEYS[2], 'RIGHT', 'LEFT')
      answer[1] = answer[1] + 1
    else
      if #answer > 1 and #message > room then return answer end
      redis.call('LMOVE', KEYS[i], KEYS[1], 'RIGHT', 'LEFT')
      answer[#answer + 1] = message
      room = room - #message
    end
  end
end
return answer
