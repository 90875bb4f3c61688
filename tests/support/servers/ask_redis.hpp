/// A private Redis, asked from outside.
#pragma once

#include <string>
#include <vector>

#include "support/servers/private_redis.hpp"

namespace aftercommit::support {

/// One command of Redis, in words, as redis-cli would send it; the reply as text, an error or no connection
/// as an exception.
std::string ask_redis(const PrivateRedis& redis, const std::vector<std::string>& words);
long long ask_redis_number(const PrivateRedis& redis, const std::vector<std::string>& words);
std::vector<std::string> ask_redis_list(const PrivateRedis& redis, const std::vector<std::string>& words);

}  // namespace aftercommit::support
