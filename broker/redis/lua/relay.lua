#!lua
-- relay.lua: add durable jobs as push does, and move the cursor of the job table they come from; only if the cursor is
-- the one that the relay knows, so that a Redis which has lost its data in between is noticed.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:delayed   KEYS[3] ac:{q}:durable   KEYS[4] ac:{q}:relay
--   ARGV[1] the channel ac:{q}:wake   ARGV[2] source   ARGV[3] the cursor expected, '' for none   ARGV[4] the next one
--   ARGV[5...] of each job, at most 1000: id (16 bytes), 'in' or 'at', ms from now or since 1970, payload
--   returns 1 done | 0 another cursor, no job was added
local relay, source, expected = KEYS[4], ARGV[2], ARGV[3]
make_group(KEYS[1], KEYS[3], relay)  -- if it was missing, no cursor is left
if (redis.call('HGET', relay, source) or '') ~= expected then return 0 end
take(KEYS[1], KEYS[2], KEYS[3], relay, ARGV[1], 5)
redis.call('HSET', relay, source, ARGV[4])
return 1
