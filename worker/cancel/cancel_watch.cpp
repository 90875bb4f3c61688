#include "worker/cancel/cancel_watch.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "aftercommit/cancel.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit::worker {

using namespace std::chrono_literals;

CancelWatch::CancelWatch(App& app, CancelRequests& requests, RunningJobs& running, Serves serves,
                         std::chrono::milliseconds interval)
    : app_{app},
      requests_{requests},
      running_{running},
      serves_{std::move(serves)},
      interval_{interval},
      why_{std::make_exception_ptr(
          CancelRequested{"this job was cancelled while it ran: what it has done is rolled back"})},
      next_{look_at_all()},
      thread_{{.role = "looking for jobs that were cancelled",
               .server = "the database",
               .shares_connections = true},
              [this](const std::stop_token& stop) { serve(stop); }} {}

void CancelWatch::look_soon(Database& database) {
  {
    const std::lock_guard lock{mutex_};
    asked_.insert(&database);
  }
  wake_.notify_all();
}

void CancelWatch::serve(const std::stop_token& stop) {
  std::set<const Database*> asked;
  {
    const std::lock_guard lock{mutex_};
    asked = std::exchange(asked_, {});
  }
  if (Clock::now() >= next_) {
    next_ = look_at_all();
  } else {
    for (const auto& [alias, database] : app_.core().databases()) {
      if (asked.contains(database.get())) look(alias, *database);
    }
  }
  stop_running(Clock::now());
  thread_.succeeded();
  thread_.progress().enter(Phase::kWaiting);
  wait(stop);
}

/// When the next time is.
CancelWatch::Clock::time_point CancelWatch::look_at_all() noexcept {
  for (const auto& [alias, database] : app_.core().databases()) look(alias, *database);
  return Clock::now() + interval_;
}

void CancelWatch::look(const std::string& alias, Database& database) noexcept {
  constexpr std::string_view kFailed =
      "cannot look which jobs were cancelled; trying again at each heartbeat";
  if (!serves_(database)) return;
  auto& failing = failures_.try_emplace(alias, kFailed).first->second;
  try {
    requests_.look(database, running_here());
    failing.succeeded();
  } catch (...) {
    failing.failed(alias);
  }
}

std::vector<JobId> CancelWatch::running_here() const {
  std::vector<JobId> jobs;
  for (const auto& body : running_.bodies()) {
    if (const auto job = body->job()) jobs.push_back(*job);
  }
  return jobs;
}

void CancelWatch::stop_running(Clock::time_point now) {
  constexpr auto kGrace = 1s;  // for a task that looks at stop_requested()
  const auto jobs = requests_.jobs();
  std::erase_if(since_,
                [&](const auto& asked) { return std::ranges::find(jobs, asked.first) == jobs.end(); });
  for (const auto& job : jobs) {
    const auto asked = since_.find(job);
    if (asked == since_.end()) {
      if (running_.ask_to_stop(job, why_)) since_.emplace(job, now);
    } else if (now - asked->second >= kGrace && !running_.cut_short(job, why_)) {
      since_.erase(asked);  // it has ended; another run of it is asked anew
    }
  }
}

/// A job that is known and has not begun may do so any time.
void CancelWatch::wait(const std::stop_token& stop) {
  constexpr auto kTick = 250ms;
  std::unique_lock lock{mutex_};
  const auto until = requests_.any() ? std::min(next_, Clock::now() + kTick) : next_;
  wake_.wait_until(lock, stop, until, [&] { return !asked_.empty(); });
}

}  // namespace aftercommit::worker
