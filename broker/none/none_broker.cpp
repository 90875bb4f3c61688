#include "broker/none/none_broker.hpp"

#include <algorithm>
#include <thread>

#include "aftercommit/error.hpp"
#include "broker/contract/no_redis.hpp"

namespace aftercommit {

/// A durable job has its row, which is all that is needed.
void NoneBroker::enqueue(std::span<const Outgoing> jobs, Millis /*timeout*/) {
  std::vector<std::size_t> unsent;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!jobs[i].durable) unsent.push_back(i);
  }
  if (unsent.empty()) return;
  throw EnqueueFailure{needs_redis("a job that is not durable"), std::move(unsent), false, false};
}

std::vector<Fetched> NoneBroker::fetch(const WorkerId& worker, std::span<const Queue> queues,
                                       std::size_t count, Millis wait) {
  return jobs_->fetch(worker, queues, count, wait);
}

std::vector<Settled> NoneBroker::settle(const WorkerId& worker, std::span<const Settlement> settlements) {
  return jobs_->settle(worker, settlements);
}

std::vector<Fetched> NoneBroker::held_by(const WorkerId& worker, const Queue& queue,
                                         std::span<const std::string> entries) {
  return jobs_->held_by(worker, queue, entries);
}

// --- What is due later is known by its row.

Promotion NoneBroker::promote(std::span<const Queue> /*queues*/, std::size_t /*limit*/) { return {}; }

bool NoneBroker::await_schedule(std::span<const Queue> /*queues*/, Millis timeout) {
  std::this_thread::sleep_for(std::clamp<Millis>(timeout, Millis{0}, Millis{1000}));  // no sign ever comes
  return false;
}

std::vector<AsideJobs> NoneBroker::aside(std::span<const Queue> queues) {
  return jobs_->aside(queues, false);
}

std::vector<AsideJobs> NoneBroker::limited(std::span<const Queue> queues, std::size_t /*some*/) {
  return jobs_->aside(queues, true);
}

std::size_t NoneBroker::bring_back(const Queue& queue, const std::string& reason, std::size_t limit,
                                   bool all) {
  constexpr std::size_t kMost = 1000;
  return jobs_->bring_back(queue, reason, std::min(limit, kMost), all);
}

// --- Who runs a job is known by the lock on its row, which ends with the session of whoever has it.

std::vector<Lease> NoneBroker::renew_lease(const WorkerId& /*worker*/, std::span<const Queue> queues,
                                           Millis /*lease*/) {
  return std::vector<Lease>(queues.size(), Lease::kHeld);
}

void NoneBroker::report(const WorkerId& /*worker*/, const Queue& /*queue*/, const std::string& /*text*/,
                        Millis /*time*/) {}

std::vector<LeaseView> NoneBroker::leases(std::span<const Queue> /*queues*/, Millis /*lease*/) { return {}; }

std::size_t NoneBroker::recover(const WorkerId& /*worker*/, std::span<const Queue> /*queues*/,
                                std::size_t /*limit*/, const std::string& /*mark*/) {
  return 0;
}

void NoneBroker::retire(const WorkerId& /*worker*/, std::span<const Queue> /*queues*/) {}

// --- A job and its row cannot be in two databases: whose a queue is needs no answer.

std::vector<std::vector<HomeFinding>> NoneBroker::claim_home(const HomeClaim& /*claim*/,
                                                             std::span<const Queue> queues) {
  return std::vector<std::vector<HomeFinding>>(queues.size());
}

std::vector<HomeDatabase> NoneBroker::home_of(const Queue& /*queue*/) { return {}; }
void NoneBroker::declare_queues(std::span<const DeclaredQueue> /*declared*/, Millis /*time*/) {}

// --- Nothing is relayed.

std::vector<std::string> NoneBroker::relay_cursors(std::string_view /*source*/,
                                                   std::span<const Queue> queues) {
  return std::vector<std::string>(queues.size());
}

std::vector<std::string> NoneBroker::relay_sources(const Queue& /*queue*/) { return {}; }
void NoneBroker::forget_relay_sources(const Queue& /*queue*/, std::span<const std::string> /*sources*/) {}
bool NoneBroker::relay(const RelayStep& /*step*/) { throw BrokerRefused{needs_redis("a relay")}; }

std::vector<bool> NoneBroker::has_durable(const Queue& /*queue*/, std::span<const JobId> jobs) {
  return std::vector<bool>(jobs.size());
}

// --- Pauses are kept in the databases.

bool NoneBroker::pause(const Queue& /*queue*/) {
  throw ConfigError{needs_redis("to pause a queue without a database")};
}

bool NoneBroker::resume(const Queue& /*queue*/) { return false; }

std::vector<Pauses::Since> NoneBroker::paused_since(std::span<const Queue> queues) {
  return std::vector<Since>(queues.size());
}

// --- There is nothing to look at.

std::vector<Queue> NoneBroker::queues() { return {}; }

void NoneBroker::for_each_job(const Queue& /*queue*/,
                              const std::function<void(JobState, std::string_view)>& /*visit*/) {}

void NoneBroker::for_each_durable(const Queue& /*queue*/,
                                  const std::function<void(const JobId&)>& /*visit*/) {}

QueueCounts NoneBroker::counts(const Queue& /*queue*/) { return {}; }

std::vector<DeadLetterEntry> NoneBroker::dead_letters(const Queue& /*queue*/, std::size_t /*offset*/,
                                                      std::size_t /*count*/) {
  return {};
}

std::vector<DeadLetterEntry> NoneBroker::dead_letters_until(const Queue& /*queue*/,
                                                            std::chrono::system_clock::time_point /*until*/,
                                                            std::size_t /*offset*/, std::size_t /*count*/) {
  return {};
}

JobPage NoneBroker::jobs(const Queue& /*queue*/, JobPart /*part*/, const std::string& /*after*/,
                         std::size_t /*count*/) {
  return {};
}

std::size_t NoneBroker::remove_jobs(const Queue& /*queue*/, std::span<const JobEntry> /*jobs*/,
                                    std::span<const std::optional<JobId>> /*durable*/) {
  return 0;
}

std::vector<WorkerView> NoneBroker::workers(const Queue& /*queue*/) { return {}; }

bool NoneBroker::remove_dead_letter(const Queue& /*queue*/, const std::string& /*letter*/,
                                    const Outgoing* /*job*/) {
  return false;
}

std::vector<std::string> NoneBroker::check() { return {}; }

}  // namespace aftercommit
