/// Hears from sentinels when their master is another, and leaves the one that it was.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "broker/redis/wire/redis_address.hpp"
#include "broker/redis/wire/redis_url.hpp"
#include "broker/redis/wire/redis_wait.hpp"

namespace aftercommit {

class SentinelListener;

/// Where this sentinel says that the master is; none: it knows no master of that name.  Throws
/// BrokerUnavailable or BrokerRefused.
std::optional<RedisAddress> sentinel_names(const RedisUrl& sentinel, const std::string& master,
                                           Deadline deadline);

/// One for all sessions of a process with the same sentinels and master, with a thread that is subscribed to
/// each of the sentinels.  Thread-safe.
class SentinelWatch : public std::enable_shared_from_this<SentinelWatch> {
 public:
  /// The one of this process, which lives as long as somebody holds it.
  static std::shared_ptr<SentinelWatch> of(const RedisUrl& url);
  ~SentinelWatch();
  SentinelWatch(const SentinelWatch&) = delete;
  SentinelWatch& operator=(const SentinelWatch&) = delete;

  /// False in a child of the process that made it, where its thread is not.
  bool is_ours() const;

  /// For as long as the answer lives, the socket is shut down once the master is no more at `address`:
  /// whoever waits on it learns it at once.  It must be destroyed before the socket is closed.
  std::shared_ptr<void> hold(int socket, const RedisAddress& address);

  /// Whether it was announced a moment ago that the master has gone from there: a sentinel that has not
  /// heard of it yet is not to be believed.
  bool has_left(const RedisAddress& address) const;

  /// How often the master has moved.
  std::uint64_t changes() const;
  /// Waits until it is more than that.
  void await_change(std::uint64_t seen, Deadline deadline) const;

  /// The master is there, as one has announced or been asked; `announced_from`: where it was.  Who was asked
  /// and names what was left a moment ago has not heard of it: that is passed over.
  void learn(const RedisAddress& master, const std::optional<RedisAddress>& announced_from);

 private:
  struct Held {
    int socket;
    RedisAddress address;
  };
  explicit SentinelWatch(const RedisUrl& url);
  bool was_left(const RedisAddress& address) const;  // with mutex_ held

  const unsigned forks_;
  mutable std::mutex mutex_;  // protects what follows
  mutable std::condition_variable changed_;
  std::list<Held> held_;
  std::uint64_t changes_ = 0;
  RedisAddress left_{};  // no host: none yet
  Deadline left_until_{};
  std::unique_ptr<SentinelListener> listener_;  // last: its thread uses the others
};

}  // namespace aftercommit
