#include "worker/recoverer.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "broker/fail_point.hpp"
#include "client/error_text.hpp"
#include "client/worker_backends.hpp"

namespace aftercommit::worker {
namespace {

constexpr std::size_t kBatch = 100;

/// Often enough that a job is back soon after the lease, seldom enough to cost nothing.
Millis interval(const HeldLease& lease) { return std::clamp(lease.length() / 15, Millis{50}, Millis{1000}); }

}  // namespace

Recoverer::Recoverer(std::unique_ptr<Broker> broker, App& app, WorkerId worker, std::vector<Queue> queues,
                     HeldLease& lease, LockedJobs& locked)
    : broker_{std::move(broker)},
      app_{app},
      worker_{std::move(worker)},
      queues_{std::move(queues)},
      lease_{lease},
      locked_{locked},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Recoverer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      if (lease_.steady()) look();
      reconnect_.succeeded();
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, stop, interval(lease_), [] { return false; });
    } catch (const Error& error) {
      reconnect_.wait(error.what(), stop);
    }
  }
}

void Recoverer::look() {
  for (const auto& dead : std::set<WorkerId>{with_sessions_}) end_sessions(dead);
  const auto lapsed = broker_->lapsed_workers(queues_, lease_.length());
  // All leases at once, ours among them: the broker's clock has made a step, and everybody must renew first.
  if (std::ranges::find(lapsed, worker_) != lapsed.end()) return;
  for (const auto& dead : lapsed) take_over(dead);
  look_for_holders();
}

/// A stopped worker whose name the broker has lost with its data still holds its locks.
void Recoverer::look_for_holders() {
  for (const auto& [database, job] : locked_.take()) {
    std::optional<WorkerId> holder;
    try {
      holder = detail::holder_of(*database, job);
    } catch (const std::exception&) {
      continue;  // the job is met again, when the database is back
    }
    if (holder && *holder != worker_ && !broker_->has_lease(*holder, queues_)) end_sessions(*holder);
  }
}

void Recoverer::take_over(const WorkerId& dead) {
  end_sessions(dead);
  fail_point("recoverer.after_fence");
  std::size_t all = 0;
  while (const auto batch = broker_->recover(dead, queues_, kBatch, false)) {
    all += batch;
    fail_point("recoverer.after_recover");
  }
  log(all > 0 ? LogLevel::kWarning : LogLevel::kInfo, "a worker has died; its jobs were given back",
      {{"worker", dead}, {"jobs", all}});
}

void Recoverer::end_sessions(const WorkerId& dead) {
  try {
    const auto ended = detail::end_backends(app_, dead);
    with_sessions_.erase(dead);
    if (ended == 0) return;
    log(LogLevel::kWarning, "ended the database sessions of a worker that is silent",
        {{"worker", dead}, {"sessions", ended}});
  } catch (const std::exception& error) {
    // Its jobs are given back all the same: without its locks gone they are put off until they are.
    if (!with_sessions_.insert(dead).second) return;
    log(LogLevel::kError, "cannot end the database sessions of a worker that is silent; trying again",
        {{"worker", dead}, {"error", detail::first_line(error)}});
  }
}

}  // namespace aftercommit::worker
