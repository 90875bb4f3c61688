/// How much waits where, at a cost that does not depend on it: for whoever looks again and again.  Numbers of
/// rows are counted up to a bound, and estimated beyond.  What is exact is in stats.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "broker/contract/browsing.hpp"
#include "operate/answers.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// Rows of a queue are counted up to here, and fewer where there are many queues.
inline constexpr std::int64_t kGlanceBound = 5000;

/// The longest that one statement may take for a look: it then counts as a database that does not answer.
inline constexpr std::chrono::milliseconds kGlanceTimeout{2000};

/// A number of rows.
struct Sized {
  std::int64_t jobs = 0;     ///< counted, or with `is_estimate` about as many
  bool at_least = false;     ///< there are more than counted, and nobody knows how many
  bool is_estimate = false;  ///< by the statistics of the server, which may be old
};

Sized sum(const Sized& one, const Sized& other);

struct QueueGlance {
  QueueCounts redis{};
  Sized dead_rows{};
  Sized durable{};
  std::optional<std::chrono::milliseconds> oldest_durable{};
  std::int64_t died_lately = 0;  ///< rows of the last minute, as many of each database as are counted
  Pauses::Since paused_there{};

  Pauses::Since paused() const { return paused_there ? paused_there : redis.paused; }
};

struct Glance {
  std::map<Queue, QueueGlance> queues{};
  Answers answers{};
  std::chrono::steady_clock::time_point looked_at{};  ///< when Redis was asked
};

/// One round trip to Redis for each of these queues, and three short statements on each database, which may
/// know of more queues.  Throws as Servers::look_at_each(); a database that is too slow is an outage of it.
Glance glance(Servers& servers, std::span<const Queue> queues);

}  // namespace aftercommit::operate
