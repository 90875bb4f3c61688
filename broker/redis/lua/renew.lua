#!lua flags=allow-oom
-- renew.lua: hold the jobs of a worker for the length of a lease from now on.
--   KEYS[1] ac:{q}:workers
--   ARGV[1] worker   ARGV[2] length of the lease in ms
--   returns 1 the last one had not ended | 0 it had | 2 there was none
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local end_ms = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], now_ms + ARGV[2], ARGV[1])
if not end_ms then return 2 end
return tonumber(end_ms) > now_ms and 1 or 0
