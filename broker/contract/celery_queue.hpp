/// The messages that clients of Celery have sent to one queue, where Celery keeps them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/contract/names.hpp"

namespace aftercommit {

/// The lists of one queue in the Redis that is Celery's broker, as kombu's transport keeps them: one for each
/// of the priorities 0 to 9, of which 0 is the most urgent.  Beside them a list of our own, of the messages
/// that are taken: one is in either until it is forgotten, so a crash loses none, and Celery's own workers,
/// which may serve the same queue, do not see what is taken.  Not thread-safe; each call throws
/// BrokerUnavailable or BrokerRefused.
class CeleryQueue {
 public:
  /// In bytes, in one call: of a message beyond that comes one alone.
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;
  /// A larger message is not read at all; it is kept in a list that nobody but people look into.
  static constexpr std::size_t kLargest = std::size_t{16} << 20;

  struct Taken {
    std::vector<std::string> messages{};  ///< the oldest of the most urgent first
    std::size_t too_large = 0;            ///< so many were set aside, see too_large()
  };

  virtual ~CeleryQueue() = default;

  /// Takes up to `most`.
  virtual Taken take(std::size_t most) = 0;
  /// Returns when there is a message of the most urgent priority, which is the usual one, or after `wait`.
  virtual void await(Millis wait) = 0;
  /// Up to `most` of those that were taken, by whomever, and are not forgotten: the oldest first.
  virtual std::vector<std::string> taken(std::size_t most) = 0;
  /// Forgets messages that were taken.
  virtual void forget(std::span<const std::string> messages) = 0;

  /// The key of the list of messages beyond kLargest, for people.
  virtual const std::string& too_large() const noexcept = 0;
};

/// Does not connect yet.  `url` is that of one Redis, by sentinels or without.  Throws ConfigError.
std::unique_ptr<CeleryQueue> make_celery_queue(std::string_view url, const Queue& queue);

}  // namespace aftercommit
