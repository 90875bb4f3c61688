/// Where the server of a URL is: asked at each connecting, since it may have moved.
#pragma once

#include <memory>
#include <optional>

#include "broker/redis/wire/redis_connection.hpp"
#include "broker/redis/wire/redis_redirect.hpp"
#include "broker/redis/wire/redis_url.hpp"

namespace aftercommit {

/// For one session and its thread.
class RedisFinder {
 public:
  virtual ~RedisFinder() = default;

  /// A connection to it, ready for commands.  Throws BrokerUnavailable or BrokerRefused.
  virtual std::unique_ptr<RedisConnection> connect(Deadline deadline) = 0;

  // Of a cluster alone, whose nodes send to each other.

  /// Where an error reply says that the keys are.  None: it is another error, or there is no cluster.  To be
  /// told of each.
  virtual std::optional<RedisRedirect> redirect(const redisReply& /*error*/) { return {}; }
  /// They are there for good: the next connect() begins with it.
  virtual void follow(const RedisAddress& /*master*/) {}
  /// A connection to one node, whatever it has.  Throws as connect().
  virtual std::unique_ptr<RedisConnection> connect_to(const RedisAddress& node, Deadline deadline);
  /// Returns at the deadline, or when more is known of the cluster.
  virtual void wait_for_news(Deadline /*deadline*/) {}
};

/// The way that the URL asks for: its one address, its sentinels, or its cluster.
std::unique_ptr<RedisFinder> make_redis_finder(const RedisUrl& url);

}  // namespace aftercommit
