/// Settling in Redis.
#pragma once

#include <span>
#include <vector>

#include "broker/contract/intake.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// As Broker::settle.
std::vector<Settled> redis_settle(RedisSession& session, const WorkerId& worker,
                                  std::span<const Settlement> settlements, Deadline deadline);

}  // namespace aftercommit
