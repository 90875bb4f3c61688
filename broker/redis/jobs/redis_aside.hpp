/// Jobs that stand aside, in Redis.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "broker/contract/aside.hpp"
#include "broker/contract/levels.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// As Broker::aside.
std::vector<AsideJobs> redis_aside(RedisSession& session, std::span<const Queue> queues, Deadline deadline);

/// Of each queue and level where the next call of redis_limited goes on; empty: at the beginning.
using LimitedCursors = std::map<Queue, std::array<std::string, kLevels>>;

/// As Broker::limited.
std::vector<AsideJobs> redis_limited(RedisSession& session, std::span<const Queue> queues, std::size_t some,
                                     LimitedCursors& cursors, Deadline deadline);

/// As Broker::bring_back.
std::size_t redis_bring_back(RedisSession& session, const Queue& queue, const std::string& reason,
                             std::size_t limit, bool all, Deadline deadline);

}  // namespace aftercommit
