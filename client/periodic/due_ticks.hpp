/// What is due of a schedule that nobody has looked at for a while.
#pragma once

#include <optional>
#include <vector>

#include "aftercommit/periodic.hpp"

namespace aftercommit::detail {

struct DueTicks {
  std::vector<Schedule::Time> run{};     ///< a job for each, in their order
  std::optional<Schedule::Time> next{};  ///< the first one to come; nothing: there is none any more
  bool left_out = false;                 ///< there were others
};

/// `first` is the tick that was to come next, whatever the schedule says of it (it may have been another one
/// then); it is not later than `now`.  Takes no longer for a year that was missed than for an hour.
DueTicks due_ticks(const Schedule& schedule, const PeriodicOptions& options, Schedule::Time first,
                   Schedule::Time now);

}  // namespace aftercommit::detail
