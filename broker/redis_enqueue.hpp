/// Enqueueing in Redis.
#pragma once

#include <span>

#include "broker/broker.hpp"
#include "broker/redis_session.hpp"

namespace aftercommit {

/// As Broker::enqueue.
void redis_enqueue(RedisSession& session, std::span<const Outgoing> jobs, Deadline deadline);

}  // namespace aftercommit
