/// What an operator looks at, in memory.
#include <optional>
#include <utility>

#include "base/epoch_ms.hpp"
#include "broker/contract/preconditions.hpp"
#include "broker/memory/memory_queues.hpp"

namespace aftercommit {

std::vector<Queue> MemoryBroker::queues() {
  const std::scoped_lock lock{shared_->mutex};
  std::vector<Queue> found;
  for (const auto& [name, queue] : shared_->queues) {
    if (!queue.empty() || queue.declared_until_ms > now_ms()) found.push_back(name);
  }
  return found;
}

void MemoryBroker::for_each_job(const Queue& name,
                                const std::function<void(JobState, std::string_view)>& visit) {
  std::vector<std::pair<JobState, std::string>> all;  // `visit` may call this broker
  {
    const std::scoped_lock lock{shared_->mutex};
    const auto& queue = shared_->queues[name];
    for (const auto& [entry, job] : queue.running) all.emplace_back(JobState::kRunning, job.payload);
    for (const auto& level : queue.levels) {
      for (const auto& job : level.ready) all.emplace_back(JobState::kReady, job.payload);
      for (const auto& [ms, payload] : level.delayed.order()) all.emplace_back(JobState::kDelayed, payload);
      for (const auto& [reason, jobs] : level.aside) {
        for (const auto& [ms, payload] : jobs.order()) all.emplace_back(JobState::kDelayed, payload);
      }
    }
  }
  for (const auto& [state, payload] : all) visit(state, payload);
}

void MemoryBroker::for_each_durable(const Queue& name, const std::function<void(const JobId&)>& visit) {
  std::set<JobId> all;
  {
    const std::scoped_lock lock{shared_->mutex};
    all = shared_->queues[name].durable;
  }
  for (const auto& job : all) visit(job);
}

bool MemoryBroker::remove_dead_letter(const Queue& name, const std::string& letter, const Outgoing* job) {
  if (job != nullptr) require_same_queue(name, *job);
  const std::scoped_lock lock{shared_->mutex};
  if (!shared_->queues[name].dead.remove(letter)) return false;
  if (job != nullptr) shared_->enqueue(*job, now_ms());
  return true;
}

bool MemoryBroker::pause(const Queue& queue) {
  const std::scoped_lock lock{shared_->mutex};
  auto& since = shared_->queues[queue].paused_since;
  if (since) return false;
  since = now();
  return true;
}

bool MemoryBroker::resume(const Queue& queue) {
  const std::scoped_lock lock{shared_->mutex};
  return std::exchange(shared_->queues[queue].paused_since, std::nullopt).has_value();
}

std::vector<Pauses::Since> MemoryBroker::paused_since(std::span<const Queue> queues) {
  const std::scoped_lock lock{shared_->mutex};
  std::vector<Since> found;
  for (const auto& queue : queues) found.push_back(shared_->queues[queue].paused_since);
  return found;
}

QueueCounts MemoryBroker::counts(const Queue& name) {
  const std::scoped_lock lock{shared_->mutex};
  const auto& queue = shared_->queues[name];
  const auto count = [](const auto& jobs) { return static_cast<std::int64_t>(jobs.size()); };
  QueueCounts counts{.running = count(queue.running),
                     .dead = count(queue.dead.order()),
                     .workers = std::ranges::count_if(
                         queue.leases, [&](const auto& lease) { return lease.second > now_ms(); }),
                     .declared_by = queue.declared_until_ms > now_ms() ? queue.declared_by : std::string{},
                     .paused = queue.paused_since};
  const auto consider = [&](std::int64_t since_ms) {
    const Millis age{std::max<std::int64_t>(0, now_ms() - since_ms)};
    counts.oldest = std::max(counts.oldest.value_or(age), age);
  };
  for (const auto level : kAllLevels) {
    const auto& waiting = queue.levels.at(index_of(level));
    counts.ready += counts.ready_at.at(index_of(level)) = count(waiting.ready);
    counts.delayed += count(waiting.delayed.order());
    for (const auto& [reason, jobs] : waiting.aside) counts.delayed += count(jobs.order());
    if (!waiting.ready.empty()) consider(waiting.ready.front().since_ms);
  }
  if (!queue.running.empty()) consider(queue.running.begin()->second.since_ms);
  return counts;
}

std::vector<DeadLetterEntry> MemoryBroker::dead_letters(const Queue& name, std::size_t offset,
                                                        std::size_t count) {
  const std::scoped_lock lock{shared_->mutex};
  const auto& dead = shared_->queues[name].dead.order();
  std::vector<DeadLetterEntry> letters;
  for (auto letter = dead.rbegin(); letter != dead.rend() && letters.size() < count; ++letter) {
    if (offset > 0) {
      --offset;
    } else {
      letters.push_back({from_epoch_ms(letter->first), letter->second});
    }
  }
  return letters;
}

}  // namespace aftercommit
