/// Compares what was meant, what is committed, what has run and what has taken effect.  Asks the product
/// nothing.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fault/harness/rate_rule.hpp"

namespace aftercommit::fault {

/// Where to look.
struct Evidence {
  std::string database_url;
  std::vector<std::filesystem::path> intents;
  std::filesystem::path runs;
  std::vector<std::string> letters{};      ///< dead letters in Redis: of jobs that are not durable
  std::vector<long long> broker_losses{};  ///< ms since 1970 at which the broker lost data
  /// ms since 1970 at which a standby that lacked commits was about to be promoted.
  std::vector<long long> lossy_promotions{};
  bool processes_die_running = false;  ///< so often that jobs may be buried for it
  bool features = false;  ///< the load has used those of feature_tasks.hpp; the next two are about them
  std::vector<long long> database_crashes{};  ///< ms since 1970
  std::vector<Freeze> freezes{};
};

/// Each list holds sentences that name a job or transaction; the first ones have to be empty.
struct Findings {
  std::vector<std::string> lost;          ///< committed, and neither in effect nor dead
  std::vector<std::string> doubled;       ///< more than one effect, or an effect and dead
  std::vector<std::string> ghosts;        ///< run or in effect, but never committed
  std::vector<std::string> wrongly_dead;  ///< dead, or not dead, against what its task does
  std::vector<std::string> miscounted;    ///< effect at the wrong attempt, or not each failure counted once
  std::vector<std::string> early;         ///< started before it was due
  std::vector<std::string> lied;          ///< the producer was told the opposite of what is committed
  std::vector<std::string> left_over;     ///< still waits: a row, or a key of Redis, when all should be done

  // Of features that keep state, each by its rule.
  std::vector<std::string> cancels;   ///< cancel_rule.hpp
  std::vector<std::string> uniques;   ///< unique_rule.hpp
  std::vector<std::string> results;   ///< result_rule.hpp
  std::vector<std::string> limits;    ///< body_times.hpp, rate_rule.hpp
  std::vector<std::string> periodic;  ///< tick_rule.hpp
  std::vector<std::string> flows;     ///< journey_rule.hpp

  std::vector<std::string> reruns;  ///< an attempt was started again: expected where processes die

  std::size_t transactions = 0;
  std::size_t committed = 0;
  std::size_t jobs = 0;  ///< of committed transactions, and of tasks that took effect
  std::size_t effects = 0;
  std::size_t dead = 0;
  std::size_t crashed = 0;  ///< of the dead, those that killed processes by the look of it
  std::size_t runs = 0;
  std::size_t retries = 0;     ///< attempts after the first
  std::size_t explained = 0;   ///< on-commit jobs that are missing, in a window in which they may be
  std::size_t taken_back = 0;  ///< transactions that were committed and then lost with the primary
  std::size_t outlived = 0;    ///< on-commit jobs of those that have run or taken effect all the same

  // How much the features were used.
  std::size_t cancelled = 0;  ///< jobs that somebody has cancelled, in whatever state
  std::size_t vanished = 0;   ///< jobs that have not run, as they were cancelled or replaced
  std::size_t unique_asks = 0;
  std::size_t results_kept = 0;
  std::size_t limited = 0;   ///< effects under a limit
  std::size_t ticks = 0;     ///< that have taken effect
  std::size_t journeys = 0;  ///< flows
  std::size_t steps = 0;     ///< effects of their steps
  std::size_t steps_retried = 0;
  std::size_t gifts = 0;  ///< events that were given to them
  std::size_t flow_children = 0;

  std::size_t violations() const;
  std::string text() const;  ///< all of it, with samples
};

/// To be asked once nothing moves any more.
Findings check(const Evidence& evidence);

}  // namespace aftercommit::fault
