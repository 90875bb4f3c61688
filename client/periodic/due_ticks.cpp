#include "client/periodic/due_ticks.hpp"

#include <cstddef>

namespace aftercommit::detail {
namespace {

using std::chrono::seconds;
using Time = Schedule::Time;

/// The last of them, `most` at least where there are so many: looks back from the end, further and further,
/// since a schedule only knows what comes next.
std::vector<Time> last_ticks(const Schedule& schedule, Time first, Time now, std::size_t most) {
  std::vector<Time> ticks;
  for (seconds span = std::chrono::minutes{1};; span *= 4) {
    const bool all = now - first <= span;
    const auto from = all ? first : now - span;
    ticks.clear();
    if (all) ticks.push_back(first);
    for (auto tick = schedule.next(from); tick && *tick <= now; tick = schedule.next(*tick)) {
      ticks.push_back(*tick);
    }
    if (all || ticks.size() >= most) return ticks;
  }
}

}  // namespace

DueTicks due_ticks(const Schedule& schedule, const PeriodicOptions& options, Time first, Time now) {
  const std::size_t most = options.missed == Missed::kAll ? options.at_most : 1;
  auto ticks = last_ticks(schedule, first, now, most + 1);  // one more shows that some are left out
  DueTicks due{.next = schedule.next(now)};
  if (options.missed == Missed::kSkip && now - ticks.back() > options.grace) {
    due.left_out = true;
    return due;
  }
  if (ticks.size() > most) {
    due.left_out = true;
    ticks.erase(ticks.begin(), ticks.end() - static_cast<std::ptrdiff_t>(most));
  }
  due.run = std::move(ticks);
  return due;
}

}  // namespace aftercommit::detail
