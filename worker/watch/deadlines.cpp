#include "worker/watch/deadlines.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include "aftercommit/log.hpp"
#include "worker/log/logging.hpp"
#include "worker/settings/options.hpp"

namespace aftercommit::worker {

using Clock = RunningBody::Clock;

Deadlines::Deadlines(RunningJobs& running, Overdue overdue)
    : running_{running}, overdue_{std::move(overdue)}, thread_{[this](const std::stop_token& stop) {
        run(stop);
      }} {}

void Deadlines::run(const std::stop_token& stop) {
  auto& alarm = running_.alarm();
  while (!stop.stop_requested()) {
    alarm.begin_look();
    auto next = Clock::time_point::max();
    try {
      next = look();
    } catch (const std::exception&) {
      next = Clock::now() + std::chrono::seconds{1};  // no memory: another look comes
    }
    alarm.wait_until(next, stop);
  }
}

/// When the next one is due.
Clock::time_point Deadlines::look() {
  const bool may_end_process = !spares_process_;
  const auto now = Clock::now();
  auto next = Clock::time_point::max();
  std::optional<RunningBody::Look> overdue;
  for (const auto& body : running_.bodies()) {
    auto found = body->look(now, may_end_process);
    next = std::min(next, found.next);
    if (found.overdue && !overdue) overdue = std::move(found);
  }
  if (overdue) overdue_(*overdue);
  return next;
}

void end_overdue_process(ChildSlots* slots, const RunningBody::Look& body) {
  if (slots != nullptr) slots->set_reason(body.text);
  try {
    log(LogLevel::kError,
        "a task has not ended at its time limit: this process is ended, and its other jobs run again",
        {{"job_id", body.job}, {"task", body.task}, {"reason", body.text}});
  } catch (const std::exception&) {
    // No memory for it: the process ends all the same.
  }
  end_at_once(kExitInternal);
}

}  // namespace aftercommit::worker
