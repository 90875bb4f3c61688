/// Whether a Redis server can serve as a broker.
#pragma once

#include <string>
#include <vector>

#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// As Broker::check.
std::vector<std::string> redis_check(RedisSession& session, Deadline deadline);

}  // namespace aftercommit
