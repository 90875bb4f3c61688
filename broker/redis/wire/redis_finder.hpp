/// Where the server of a URL is: asked at each connecting, since it may have moved.
#pragma once

#include <memory>

#include "broker/redis/wire/redis_connection.hpp"
#include "broker/redis/wire/redis_url.hpp"

namespace aftercommit {

/// For one session and its thread.
class RedisFinder {
 public:
  virtual ~RedisFinder() = default;

  /// A connection to it, ready for commands.  Throws BrokerUnavailable or BrokerRefused.
  virtual std::unique_ptr<RedisConnection> connect(Deadline deadline) = 0;
};

/// The way that the URL asks for: its one address, or its sentinels.
std::unique_ptr<RedisFinder> make_redis_finder(const RedisUrl& url);

}  // namespace aftercommit
