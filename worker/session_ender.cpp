#include "worker/session_ender.hpp"

#include <string>
#include <utility>

#include "aftercommit/log.hpp"
#include "client/error_text.hpp"
#include "client/worker_backends.hpp"

namespace aftercommit::worker {

SessionEnder::SessionEnder(Database& database)
    : database_{database}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void SessionEnder::end(const WorkerId& dead) {
  const std::lock_guard lock{mutex_};
  to_end_.insert(dead);
  asked_.notify_all();
}

bool SessionEnder::tried_by(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock{mutex_};
  return tried_.wait_until(lock, deadline, [&] { return to_end_.empty() && !busy_; });
}

void SessionEnder::look_for_holders(const std::vector<JobId>& jobs) {
  const std::lock_guard lock{mutex_};
  to_find_ = jobs;  // what was not looked at yet is met again
  asked_.notify_all();
}

std::set<WorkerId> SessionEnder::take_holders() {
  const std::lock_guard lock{mutex_};
  return std::exchange(holders_, {});
}

void SessionEnder::run(const std::stop_token& stop) {
  constexpr std::chrono::seconds kPause{1};
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const auto asked = [&] { return !to_end_.empty() || !to_find_.empty(); };
    if (again_.empty()) {
      asked_.wait(lock, stop, asked);
    } else {
      asked_.wait_for(lock, stop, kPause, asked);
    }
    if (stop.stop_requested()) return;
    const auto first = std::exchange(to_end_, {});
    const auto jobs = std::exchange(to_find_, {});
    auto all = again_;
    all.insert(first.begin(), first.end());
    busy_ = true;
    lock.unlock();
    std::set<WorkerId> left;
    for (const auto& dead : all) {
      if (!try_to_end(dead, first.contains(dead) && !again_.contains(dead))) left.insert(dead);
    }
    find(jobs);
    lock.lock();
    again_ = std::move(left);  // used by this thread alone
    busy_ = false;
    tried_.notify_all();
  }
}

bool SessionEnder::try_to_end(const WorkerId& dead, bool first) {
  try {
    const auto ended = detail::end_backends(database_, dead);
    if (ended == 0) return true;
    log(LogLevel::kWarning, "ended the database sessions of a worker that is silent",
        {{"worker", dead}, {"database", database_.alias()}, {"sessions", std::to_string(ended)}});
    return true;
  } catch (const std::exception& error) {
    // Its jobs are given back all the same: without its locks gone they are put off until they are.
    if (first) {
      log(LogLevel::kError, "cannot end the database sessions of a worker that is silent; trying again",
          {{"worker", dead}, {"database", database_.alias()}, {"error", detail::first_line(error)}});
    }
    return false;
  }
}

void SessionEnder::find(const std::vector<JobId>& jobs) {
  try {
    for (const auto& job : jobs) {
      const auto holder = detail::holder_of(database_, job);
      if (!holder) continue;
      const std::lock_guard lock{mutex_};
      holders_.insert(*holder);
    }
  } catch (const std::exception&) {
    // The job is met again, when the database is back.
  }
}

}  // namespace aftercommit::worker
