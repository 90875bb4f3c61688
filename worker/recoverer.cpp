#include "worker/recoverer.hpp"

#include <algorithm>
#include <optional>
#include <utility>

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
    reconnect_.attempt(stop, [&] {
      look();
      reconnect_.succeeded();
      reconnect_.progress().enter(Phase::kWaiting);
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, stop, interval(lease_), [] { return false; });
    });
  }
}

void Recoverer::look() {
  watch_.saw(broker_->leases(queues_, lease_.length()), LeaseWatch::Clock::now());
  if (!lease_.steady()) return;
  const auto now = LeaseWatch::Clock::now();
  for (const auto& dead : std::set<WorkerId>{with_sessions_}) {
    if (watch_.lives(dead, now)) {
      with_sessions_.erase(dead);  // it has come back meanwhile
    } else {
      end_sessions(dead);
    }
  }
  const auto silent = watch_.silent(now);
  // Ours among them: it is this worker that sees nothing new.
  if (std::ranges::find(silent, worker_, &LeaseWatch::Silent::worker) != silent.end()) return;
  for (const auto& dead : silent) take_over(dead);
  look_for_holders();
}

/// A stopped worker whose name the broker has lost with its data still holds its locks.  One that lives may
/// have its lease at another broker, as in a deploy that leads to a new one; its sessions show that it lives.
void Recoverer::look_for_holders() {
  for (const auto& [database, job] : locked_.take()) {
    std::optional<detail::Holder> holder;
    try {
      holder = detail::holder_of(*database, job);
      holders_.succeeded();
    } catch (const std::exception&) {
      holders_.failed(database->alias());
      continue;  // the job is met again, when the database is back
    }
    if (!holder || holder->worker == worker_ || holder->silent < lease_.length()) continue;
    if (!watch_.lives(holder->worker, LeaseWatch::Clock::now())) end_sessions(holder->worker);
  }
}

void Recoverer::take_over(const LeaseWatch::Silent& dead) {
  end_sessions(dead.worker);
  fail_point("recoverer.after_fence");
  std::size_t all = 0;
  for (const auto& [queue, mark] : dead.marks) {
    while (const auto batch = broker_->recover(dead.worker, {&queue, 1}, kBatch, mark)) {
      all += batch;
      fail_point("recoverer.after_recover");
    }
  }
  log(all > 0 ? LogLevel::kWarning : LogLevel::kInfo, "a worker has died; its jobs were given back",
      {{"worker", dead.worker}, {"jobs", all}});
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
