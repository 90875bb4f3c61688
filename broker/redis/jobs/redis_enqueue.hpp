/// Enqueueing in Redis.
#pragma once

#include <span>

#include "broker/contract/enqueue_target.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// The words of a job for the scripts that take.lua is part of: four.
inline constexpr std::size_t kTakenWords = 4;
void add_taken(const Outgoing& job, RedisPipeline& commands);

/// As Broker::enqueue.
void redis_enqueue(RedisSession& session, std::span<const Outgoing> jobs, Deadline deadline);

}  // namespace aftercommit
