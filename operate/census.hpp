/// Counts every durable row and every entry in Redis, and pairs them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>

#include "operate/findings.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// Jobs of one queue by where they stand.
struct Standing {
  std::int64_t waiting = 0;
  std::int64_t delayed = 0;
  std::int64_t running = 0;
  std::int64_t dead = 0;
};

/// The durable ones: rows = waiting + delayed + running + not_in_redis + moving + stranded + passed.
struct DurableStanding : Standing {
  std::int64_t rows = 0;
  std::int64_t not_in_redis = 0;  ///< yet: a relay brings them
  std::int64_t moving = 0;        ///< came, or changed their place, while they were counted
  std::int64_t stranded = 0;      ///< see Finding
  std::int64_t passed = 0;
};

/// What one look has seen, or several have.
struct Census {
  std::map<Queue, DurableStanding> durable;
  std::map<Queue, Standing>
      others;               ///< jobs that Redis alone holds; entries, so one that stands twice counts twice
  std::int64_t ledger = 0;  ///< of these, how many are remembered as done
  bool ledger_at_least = false;  ///< there are more, and they were not counted
  std::int64_t cancelled = 0;    ///< durable jobs that are remembered as such, those that were purged among
                                 ///< them; what Redis has of them is skipped
  std::map<std::string, std::int64_t>
      elsewhere;  ///< durable entries by the alias of a database not looked at
  Findings findings;
  int looks = 0;
};

/// Of all queues.
Standing sum(const std::map<Queue, Standing>& queues);
DurableStanding sum(const std::map<Queue, DurableStanding>& queues);

/// Looks until nothing disagrees, and three times at most, with `pause` in between: while it looks, jobs
/// move, and what has only moved does not disagree again.  The numbers are those of the last look.
/// `step` is called at each job that is met, and what it throws ends the look; null: not.  Of each ledger, of
/// which no index knows the number, up to `most_of_ledger` are counted.
Census take_census(Servers& servers, std::chrono::milliseconds pause, const std::function<void()>& step = {},
                   std::int64_t most_of_ledger = std::numeric_limits<std::int64_t>::max());

}  // namespace aftercommit::operate
