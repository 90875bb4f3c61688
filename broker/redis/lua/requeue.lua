#!lua flags=allow-oom
-- requeue.lua: put a job in the place of its dead letter, if the letter is still there.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:delayed   KEYS[3] ac:{q}:durable   KEYS[4] ac:{q}:relay
--   KEYS[5] ac:{q}:dead
--   ARGV[1] the channel ac:{q}:wake   ARGV[2] the letter
--   ARGV[3...] of the job: id (16 bytes, '' if it is not durable), 'in' or 'at', ms from now or since 1970, payload
--   returns 1 done | 0 the letter is not there
if not redis.call('ZSCORE', KEYS[5], ARGV[2]) then return 0 end
take(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], 3)
redis.call('ZREM', KEYS[5], ARGV[2])
return 1
