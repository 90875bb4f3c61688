/// The broker in Redis.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "broker/broker.hpp"
#include "broker/redis_fetch.hpp"
#include "broker/redis_session.hpp"
#include "broker/redis_url.hpp"
#include "broker/redis_wake.hpp"

namespace aftercommit {

/// One connection for commands, and one more once await_schedule is called.  Keys: redis_keys.hpp.
class RedisBroker final : public Broker {
 public:
  /// What a call takes at most, connecting included and beside the `wait` it was given: well below a lease,
  /// and above the seconds that Redis may take for a slow disk.
  static constexpr Millis kCallTimeout{4000};

  explicit RedisBroker(RedisUrl url, Millis call_timeout = kCallTimeout);

  void enqueue(std::span<const Outgoing> jobs, Millis timeout) override;
  std::vector<Fetched> fetch(const WorkerId& worker, std::span<const Queue> queues, std::size_t count,
                             Millis wait) override;
  std::vector<Settled> settle(const WorkerId& worker, std::span<const Settlement> settlements) override;
  Promotion promote(std::span<const Queue> queues, std::size_t limit) override;
  bool await_schedule(std::span<const Queue> queues, Millis timeout) override;
  QueueCounts counts(const Queue& queue) override;
  std::vector<DeadLetterEntry> dead_letters(const Queue& queue, std::size_t offset,
                                            std::size_t count) override;
  std::vector<std::string> check() override;

 private:
  Deadline deadline() const { return std::chrono::steady_clock::now() + call_timeout_; }

  const Millis call_timeout_;
  RedisSession session_;
  RedisFetcher fetcher_{session_};
  RedisWake wake_{session_.url()};
};

}  // namespace aftercommit
