/// Paused queues in Redis.
#pragma once

#include <span>
#include <vector>

#include "broker/contract/pauses.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// What the key of a queue says.
Pauses::Since paused_since(const redisReply& reply);

/// As Broker::pause.
bool redis_pause(RedisSession& session, const Queue& queue, Deadline deadline);

/// As Broker::resume.
bool redis_resume(RedisSession& session, const Queue& queue, Deadline deadline);

/// As Broker::paused_since.
std::vector<Pauses::Since> redis_paused_since(RedisSession& session, std::span<const Queue> queues,
                                              Deadline deadline);

}  // namespace aftercommit
