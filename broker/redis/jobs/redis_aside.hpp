/// Jobs that stand aside, in Redis.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "broker/contract/aside.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// As Broker::aside.
std::vector<AsideJobs> redis_aside(RedisSession& session, std::span<const Queue> queues, Deadline deadline);

/// As Broker::bring_back.
std::size_t redis_bring_back(RedisSession& session, const Queue& queue, const std::string& reason,
                             std::size_t limit, bool all, Deadline deadline);

}  // namespace aftercommit
