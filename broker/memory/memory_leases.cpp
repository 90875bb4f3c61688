/// Leases of workers and the cursors of relays, in memory.
#include <algorithm>

#include "base/epoch_ms.hpp"
#include "broker/contract/preconditions.hpp"
#include "broker/memory/memory_queues.hpp"

namespace aftercommit {

std::vector<Lease> MemoryBroker::renew_lease(const WorkerId& worker, std::span<const Queue> queues,
                                             Millis lease) {
  const std::scoped_lock lock{shared_->mutex};
  const auto now = now_ms();
  std::vector<Lease> found;
  for (const auto& name : queues) {
    auto& leases = shared_->queues[name].leases;
    const auto known = leases.find(worker);
    found.push_back(known == leases.end() ? Lease::kNew
                    : known->second > now ? Lease::kHeld
                                          : Lease::kLapsed);
    leases[worker] = now + countdown_ms(lease);
  }
  return found;
}

std::vector<LeaseView> MemoryBroker::leases(std::span<const Queue> queues, Millis lease) {
  const std::scoped_lock lock{shared_->mutex};
  const auto now = now_ms();
  std::vector<LeaseView> found;
  for (const auto& name : queues) {
    auto& queue = shared_->queues[name];
    for (const auto& [entry, job] : queue.running) {
      queue.leases.try_emplace(job.worker, now + countdown_ms(lease));
    }
    for (const auto& [worker, end] : queue.leases) {
      found.push_back({name, worker, std::to_string(end), Millis{end - now}});
    }
  }
  return found;
}

std::size_t MemoryBroker::recover(const WorkerId& worker, std::span<const Queue> queues, std::size_t limit,
                                  const std::string& mark) {
  const std::scoped_lock lock{shared_->mutex};
  const auto now = now_ms();
  std::size_t all = 0;
  for (const auto& name : queues) {
    auto& queue = shared_->queues[name];
    const auto lease = queue.leases.find(worker);
    if (!mark.empty() && (lease == queue.leases.end() || std::to_string(lease->second) != mark)) continue;
    std::size_t put_back = 0;
    for (auto job = queue.running.begin(); job != queue.running.end() && put_back < limit;) {
      const auto held = job++;
      if (held->second.worker != worker) continue;
      shared_->add_ready(queue.at(held->second.level), std::move(held->second.payload), now);
      queue.running.erase(held);
      ++put_back;
    }
    all += put_back;
    if (!queue.holds_jobs(worker)) queue.leases.erase(worker);
  }
  return all;
}

std::vector<Fetched> MemoryBroker::held_by(const WorkerId& worker, const Queue& name,
                                           std::span<const std::string> entries) {
  const std::scoped_lock lock{shared_->mutex};
  const auto& running = shared_->queues[name].running;
  std::vector<Fetched> found;
  for (const auto& entry : entries) {
    const auto job = running.find(entry);
    if (job == running.end() || job->second.worker != worker) continue;
    found.push_back({name, entry, job->second.payload});
  }
  return found;
}

void MemoryBroker::retire(const WorkerId& worker, std::span<const Queue> queues) {
  const std::scoped_lock lock{shared_->mutex};
  for (const auto& name : queues) {
    auto& queue = shared_->queues[name];
    if (!queue.holds_jobs(worker)) queue.leases.erase(worker);
  }
}

std::vector<std::string> MemoryBroker::relay_cursors(std::string_view source, std::span<const Queue> queues) {
  const std::scoped_lock lock{shared_->mutex};
  std::vector<std::string> cursors;
  for (const auto& name : queues) {
    const auto& relay = shared_->queues[name].relay;
    const auto known = relay.find(std::string{source});
    cursors.push_back(known == relay.end() ? "" : known->second);
  }
  return cursors;
}

std::vector<std::string> MemoryBroker::relay_sources(const Queue& name) {
  const std::scoped_lock lock{shared_->mutex};
  std::vector<std::string> sources;
  for (const auto& [source, cursor] : shared_->queues[name].relay) sources.push_back(source);
  return sources;
}

void MemoryBroker::forget_relay_sources(const Queue& name, std::span<const std::string> sources) {
  const std::scoped_lock lock{shared_->mutex};
  for (const auto& source : sources) shared_->queues[name].relay.erase(source);
}

bool MemoryBroker::relay(const RelayStep& step) {
  require_relayable(step);
  const std::scoped_lock lock{shared_->mutex};
  auto& relay = shared_->queues[step.queue].relay;
  const auto known = relay.find(step.source);
  if ((known == relay.end() ? "" : known->second) != step.expected) return false;
  for (const auto& job : step.jobs) shared_->enqueue(job, now_ms());
  relay[step.source] = step.next;
  return true;
}

std::vector<bool> MemoryBroker::has_durable(const Queue& name, std::span<const JobId> jobs) {
  const std::scoped_lock lock{shared_->mutex};
  const auto& durable = shared_->queues[name].durable;
  std::vector<bool> found;
  for (const auto& job : jobs) found.push_back(durable.contains(job));
  return found;
}

}  // namespace aftercommit
