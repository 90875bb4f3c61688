#!lua
-- push.lua: add durable jobs, each once: one that is here already, in whatever state, is left as it is.  Refused when
-- Redis is full, as XADD is.
--   KEYS[1] ac:{q}:stream   KEYS[2] ac:{q}:delayed   KEYS[3] ac:{q}:durable   KEYS[4] ac:{q}:relay
--   ARGV[1] the channel ac:{q}:wake
--   ARGV[2...] of each job, at most 1000: id (16 bytes), 'in' or 'at', ms from now or since 1970, payload
--   returns how many were new
return take(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], 2)
