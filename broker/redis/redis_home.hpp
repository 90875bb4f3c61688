/// Whose a queue is, in Redis.
#pragma once

#include <span>
#include <vector>

#include "broker/contract/homes.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// As Broker::claim_home.
std::vector<std::vector<HomeFinding>> redis_claim_home(RedisSession& session, const HomeClaim& claim,
                                                       std::span<const Queue> queues, Deadline deadline);

/// As Broker::home_of.
std::vector<HomeDatabase> redis_home_of(RedisSession& session, const Queue& queue, Deadline deadline);

/// As Broker::declare_queues.
void redis_declare_queues(RedisSession& session, std::span<const DeclaredQueue> declared, Millis time,
                          Deadline deadline);

}  // namespace aftercommit
