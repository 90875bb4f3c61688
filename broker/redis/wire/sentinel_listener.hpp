/// The thread that is subscribed to sentinels.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "broker/redis/wire/redis_connection.hpp"
#include "broker/redis/wire/redis_url.hpp"

namespace aftercommit {

class SentinelWatch;

/// Tells the watch what it hears until destroyed.  A sentinel that is away or silent is tried again each few
/// seconds.
class SentinelListener {
 public:
  /// `watch` is not owned and outlives this.
  SentinelListener(const RedisUrl& url, SentinelWatch& watch);
  ~SentinelListener();
  SentinelListener(const SentinelListener&) = delete;
  SentinelListener& operator=(const SentinelListener&) = delete;

 private:
  struct Link {
    const RedisUrl* sentinel;
    std::unique_ptr<RedisConnection> connection{};  // null: not subscribed
    Deadline next{};                                // when to subscribe, or to see that it still answers
    bool pinged = false;                            // and no answer yet
  };

  void run() noexcept;
  bool wait();
  void attend(Link& link);
  void subscribe(Link& link);
  void hear(Link& link);
  void hear_message(const redisReply& message);
  void learn_address(const redisReply& reply);

  const std::string master_;
  const std::vector<RedisUrl> sentinels_;
  SentinelWatch& watch_;
  std::vector<Link> links_;
  const int wake_;  // an eventfd: readable once this is to end
  std::atomic<bool> ending_{false};
  std::thread thread_;  // last: uses the others
};

}  // namespace aftercommit
