/// Listening for jobs that become due sooner than expected.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "broker/contract/names.hpp"
#include "broker/redis/wire/redis_finder.hpp"

namespace aftercommit {

/// Has a connection of its own, since a subscribed one takes no other commands.
class RedisWake {
 public:
  /// `url` is not owned and outlives this.
  explicit RedisWake(const RedisUrl& url) : url_{url}, finder_{make_redis_finder(url_)} {}

  /// As Broker::await_schedule; `subscribe_by` bounds connecting.
  bool wait(std::span<const Queue> queues, Millis timeout, Deadline subscribe_by);

 private:
  void subscribe(std::span<const Queue> queues, Deadline deadline);

  const RedisUrl& url_;
  const std::unique_ptr<RedisFinder> finder_;
  std::vector<Queue> queues_;                    // subscribed to
  std::unique_ptr<RedisConnection> connection_;  // null: not subscribed
};

}  // namespace aftercommit
