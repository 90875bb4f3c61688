/// Looks that cost a server little, whatever it holds.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "aftercommit/database.hpp"
#include "aftercommit/error.hpp"
#include "broker/contract/browsing.hpp"

namespace aftercommit::operate {

/// What one look may cost.  The defaults are for a person who waits; a page that is open all day asks for
/// less.
struct LookBounds {
  std::size_t rows = 100'000;                 ///< looked at in all; then it says where it has stopped
  std::chrono::milliseconds statement{2000};  ///< the longest that PostgreSQL may be at one statement
  /// Of queues of Redis, those that run, those that wait, ...: a few commands each, however little it holds.
  /// Then the same.
  std::size_t parts = 100'000;
  /// The queues of Redis, sorted, where they are known: to find them it is looked through as a whole, and
  /// others may keep much in it.
  std::optional<std::vector<Queue>> queues{};
};

/// What is known of a job that is looked for; what is empty is not.
struct JobHint {
  Queue queue{};        ///< of Redis only this one is looked through
  std::string after{};  ///< where the look before has stopped: its `next`
  /// When it died, to the ms: those that died then are looked at before anything else of Redis.
  std::optional<std::chrono::system_clock::time_point> died_at{};
};

std::vector<Queue> queues_of(Browsing& redis, const LookBounds& bounds);

/// A database that answers, but was too long at one statement.
class TooSlow : public DatabaseUnavailable {
 public:
  using DatabaseUnavailable::DatabaseUnavailable;
};

/// Runs `body` in a read-only transaction, each statement of which PostgreSQL ends after so long: then
/// TooSlow, so that the other servers are looked at all the same.
void look_briefly(Database& database, std::chrono::milliseconds longest, const std::function<void()>& body);

}  // namespace aftercommit::operate
