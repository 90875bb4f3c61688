/// What the oracle expects of periodic tasks, each of every second.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace aftercommit::fault {

/// A job of one, that took effect, or died.
struct Tick {
  std::string name;  ///< of the periodic task
  long long at_s = 0;
  std::string job;
};

/// What has been kept of a periodic task.
struct PeriodicState {
  std::string name;
  bool makes_up_for_all = false;      ///< for each tick that was missed
  std::optional<long long> last_s{};  ///< of the last job that was made
};

/// What is wrong, once they have been paused and nothing is left to run.  A tick has one job at most, which
/// takes effect once; the last one that was made has; and with `makes_up_for_all` so has each since the
/// first. `died`: instead of taking effect.
std::vector<std::string> judge_ticks(const std::vector<Tick>& took_effect, const std::vector<Tick>& died,
                                     const std::vector<PeriodicState>& states);

}  // namespace aftercommit::fault
