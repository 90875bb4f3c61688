/// A queue emptied by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "operate/answers.hpp"
#include "operate/dead_change.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// What a queue holds, for who has to decide.
struct PurgeOutlook {
  static constexpr std::int64_t kCounted = 10'000;

  QueueCounts redis{};
  std::int64_t durable = 0;  ///< rows of all job tables, each counted up to kCounted
  bool at_least = false;     ///< there are more of them
  Answers answers{};
};

/// Throws as Servers::look_at_each().
PurgeOutlook look_before_purge(Servers& servers, const Queue& queue);

struct PurgeReport {
  std::size_t removed = 0;  ///< jobs that Redis alone had
  std::size_t rows = 0;     ///< durable jobs that are deleted
  std::size_t copies = 0;   ///< of jobs without a row any more, which went from Redis as well
  std::size_t stay = 0;     ///< durable jobs that were met in Redis and have a row
  bool interrupted = false;
  Answers answers{};
};

/// Deletes the jobs of a queue that wait: ready, delayed, and those that stand aside.  What runs goes on;
/// what comes while it works may stay.  Durable jobs stay, as their rows are the jobs and a relay would bring
/// them again, unless `durable`: then the rows are deleted, in batches, each in a transaction of its own, and
/// remembered as cancelled, where the tables are new enough to.  Dead ones are not touched.  A server that is
/// away keeps what it has.  Throws as Servers::look_at_each(), and what one throws in the middle of it; with
/// `durable` as require_home() as well, before anything is deleted.
PurgeReport purge(Servers& servers, const Queue& queue, bool durable, const ChangeOptions& options = {});

Json in_json(const PurgeReport& report);

}  // namespace aftercommit::operate
