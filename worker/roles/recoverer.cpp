#include "worker/roles/recoverer.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "aftercommit/log.hpp"
#include "base/process/fail_point.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit::worker {
namespace {

constexpr std::size_t kBatch = 100;

/// Often enough that a job is back soon after the lease, seldom enough to cost nothing.
Millis interval(const HeldLease& lease) { return std::clamp(lease.length() / 15, Millis{50}, Millis{1000}); }

std::map<Database*, std::unique_ptr<SessionEnder>> make_enders(App& app) {
  std::map<Database*, std::unique_ptr<SessionEnder>> enders;
  for (const auto& [alias, database] : app.core().databases())
    enders.emplace(database.get(), std::make_unique<SessionEnder>(*database));
  return enders;
}

}  // namespace

Recoverer::Recoverer(std::unique_ptr<Leases> broker, App& app, WorkerId worker, std::vector<Queue> queues,
                     HeldLease& lease, LockedJobs& locked, OfShard of, std::shared_ptr<SeenAlive> seen)
    : broker_{std::move(broker)},
      worker_{std::move(worker)},
      queues_{std::move(queues)},
      lease_{lease},
      locked_{locked},
      shard_{of.number},
      seen_{std::move(seen)},
      enders_{make_enders(app)},
      thread_{{"looking for dead workers", of.called}, [this](const std::stop_token&) {
                look();
                return interval(lease_);
              }} {}

void Recoverer::look() {
  watch_.saw(broker_->leases(queues_, lease_.length()), LeaseWatch::Clock::now());
  if (seen_) seen_->saw(shard_, watch_.alive_until());
  if (!lease_.steady()) return;
  const auto now = LeaseWatch::Clock::now();
  for (const auto& [database, ender] : enders_) {
    for (const auto& dead : ender->not_ended()) {
      if (lives(dead, now)) {
        ender->spare(dead);  // it has come back meanwhile
      } else {
        ender->end(dead);
      }
    }
  }
  const auto silent = watch_.silent(now);
  // Ours among them: it is this worker that sees nothing new.
  if (std::ranges::find(silent, worker_, &LeaseWatch::Silent::worker) != silent.end()) return;
  for (const auto& dead : silent) take_over(dead);
  look_for_holders();
}

/// At any shard.
bool Recoverer::lives(const WorkerId& worker, LeaseWatch::Clock::time_point now) const {
  return watch_.lives(worker, now) || lives_elsewhere(worker, now);
}

/// Has renewed its lease there since it could have here: those of one that has died end one after the other.
bool Recoverer::lives_elsewhere(const WorkerId& worker, LeaseWatch::Clock::time_point now) const {
  return seen_ && seen_->lives_elsewhere(shard_, worker, now + lease_.length() / 2);
}

/// A stopped worker whose name the broker has lost with its data still holds its locks.  One that lives may
/// have its lease at another broker, as in a deploy that leads to a new one; its sessions show that it lives.
void Recoverer::look_for_holders() {
  std::map<Database*, std::vector<JobId>> jobs;
  for (const auto& [database, job] : locked_.take()) jobs[database].push_back(job);
  for (const auto& [database, ender] : enders_) {
    for (const auto& holder : ender->take_holders()) {
      if (holder.worker == worker_ || holder.silent < lease_.length()) continue;
      if (!lives(holder.worker, LeaseWatch::Clock::now())) ender->end(holder.worker);
    }
    if (const auto found = jobs.find(database); found != jobs.end()) ender->look_for_holders(found->second);
  }
}

void Recoverer::take_over(const LeaseWatch::Silent& dead) {
  const bool is_alive = lives_elsewhere(dead.worker, LeaseWatch::Clock::now());
  if (!is_alive) end_sessions(dead.worker);
  fail_point("recoverer.after_fence");
  std::size_t all = 0;
  for (const auto& [queue, mark] : dead.marks) {
    while (const auto batch = broker_->recover(dead.worker, {&queue, 1}, kBatch, mark)) {
      all += batch;
      fail_point("recoverer.after_recover");
    }
  }
  log(all > 0 ? LogLevel::kWarning : LogLevel::kInfo,
      is_alive ? "a worker has lost this shard and no other; its jobs there were given back"
               : "a worker has died; its jobs were given back",
      {{"worker", dead.worker}, {"jobs", all}});
}

/// Where a database does not answer in time its sessions are ended later: the jobs of the others do not wait
/// for that.
void Recoverer::end_sessions(const WorkerId& dead) {
  constexpr std::chrono::seconds kLongest{3};
  for (const auto& [database, ender] : enders_) ender->end(dead);
  const auto deadline = std::chrono::steady_clock::now() + kLongest;
  for (const auto& [database, ender] : enders_) ender->tried_by(deadline);
}

}  // namespace aftercommit::worker
