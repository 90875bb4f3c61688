#include "worker/roles/session_ender.hpp"

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "aftercommit/log.hpp"
#include "client/app/worker_backends.hpp"
#include "worker/log/caught.hpp"
#include "worker/roles/role_counts.hpp"

namespace aftercommit::worker {

SessionEnder::SessionEnder(Database& database)
    : database_{database},
      thread_{
          {.role = "ending sessions of dead workers", .server = "the database", .shares_connections = true},
          [this](const std::stop_token& stop) { serve(stop); }} {}

void SessionEnder::end(const WorkerId& dead) {
  const std::lock_guard lock{mutex_};
  to_end_.insert(dead);
  asked_.notify_all();
}

bool SessionEnder::tried_by(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock{mutex_};
  return tried_.wait_until(lock, deadline, [&] { return to_end_.empty() && !busy_; });
}

std::set<WorkerId> SessionEnder::not_ended() {
  const std::lock_guard lock{mutex_};
  return not_ended_;
}

void SessionEnder::spare(const WorkerId& alive) {
  const std::lock_guard lock{mutex_};
  to_end_.erase(alive);
  not_ended_.erase(alive);
}

void SessionEnder::look_for_holders(const std::vector<JobId>& jobs) {
  const std::lock_guard lock{mutex_};
  to_find_ = jobs;  // what was not looked at yet is met again
  asked_.notify_all();
}

std::vector<detail::Holder> SessionEnder::take_holders() {
  const std::lock_guard lock{mutex_};
  return std::exchange(holders_, {});
}

/// One worker after the other, so that one who is spared meanwhile is.
void SessionEnder::serve(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  asked_.wait(lock, stop, [&] { return !to_end_.empty() || !to_find_.empty(); });
  while (!to_end_.empty() && !stop.stop_requested()) {
    const bool first = not_ended_.insert(*to_end_.begin()).second;
    const auto dead = to_end_.extract(to_end_.begin());
    busy_ = true;
    lock.unlock();
    try_to_end(dead.value(), first);
    lock.lock();
    busy_ = false;
  }
  tried_.notify_all();
  const auto jobs = std::exchange(to_find_, {});
  lock.unlock();
  if (!stop.stop_requested()) find(jobs);
  thread_.succeeded();
}

void SessionEnder::try_to_end(const WorkerId& dead, bool first) noexcept {
  try {
    const auto ended = detail::end_backends(database_, dead);
    {
      const std::lock_guard lock{mutex_};
      not_ended_.erase(dead);
    }
    if (ended == 0) return;
    role_counts().sessions_ended.add(static_cast<std::uint64_t>(ended));
    log(LogLevel::kWarning, "ended the database sessions of a worker that is silent",
        {{"worker", dead}, {"database", database_.alias()}, {"sessions", ended}});
  } catch (...) {
    // Its jobs are given back all the same: without its locks gone they are put off until they are.
    if (first) tell_of_what_was_caught(dead);
  }
}

void SessionEnder::tell_of_what_was_caught(const WorkerId& dead) noexcept {
  try {
    log(LogLevel::kError, "cannot end the database sessions of a worker that is silent; trying again",
        {{"worker", dead}, {"database", database_.alias()}, {"error", what_was_caught()}});
  } catch (...) {
    // No memory to say so.
  }
}

void SessionEnder::find(const std::vector<JobId>& jobs) {
  try {
    for (const auto& job : jobs) {
      const auto holder = detail::holder_of(database_, job);
      looking_.succeeded();
      if (!holder) continue;
      const std::lock_guard lock{mutex_};
      holders_.push_back(*holder);
    }
  } catch (const std::exception&) {
    looking_.failed(database_.alias());  // the job is met again, when the database is back
  }
}

}  // namespace aftercommit::worker
