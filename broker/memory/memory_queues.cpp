/// The states of a job as plain containers under one mutex.
#include "broker/memory/memory_queues.hpp"

#include <algorithm>

#include "base/epoch_ms.hpp"

namespace aftercommit {

void Timeline::put(std::int64_t ms, const std::string& text) {
  const auto [known, added] = times_.try_emplace(text, ms);
  if (!added) order_.erase({std::exchange(known->second, ms), text});
  order_.emplace(ms, text);
}

bool Timeline::put_earlier(std::int64_t ms, const std::string& text) {
  const bool first = order_.empty() || ms < order_.begin()->first;
  const auto known = times_.find(text);
  if (known == times_.end() || ms < known->second) put(ms, text);
  return first;
}

std::string Timeline::take_first() {
  auto text = std::move(order_.extract(order_.begin()).value().second);
  times_.erase(text);
  return text;
}

bool Timeline::remove(const std::string& text) {
  const auto known = times_.find(text);
  if (known == times_.end()) return false;
  order_.erase({known->second, text});
  times_.erase(known);
  return true;
}

bool MemoryQueue::holds_jobs(const WorkerId& worker) const {
  return std::ranges::any_of(running, [&](const auto& job) { return job.second.worker == worker; });
}

void MemoryBroker::Shared::add_ready(MemoryLevel& level, std::string payload, std::int64_t now_ms) {
  level.ready.push_back({std::to_string(++entries) + "-0", std::move(payload), now_ms});
  changed.notify_all();
}

void MemoryBroker::Shared::add_delayed(MemoryQueue& queue, Priority level, std::int64_t due_ms,
                                       const std::string& payload) {
  if (!queue.at(level).delayed.put_earlier(due_ms, payload)) return;
  ++queue.signs;
  changed.notify_all();
}

void MemoryBroker::Shared::enqueue(const Outgoing& job, std::int64_t now_ms) {
  auto& queue = queues[job.queue];
  if (job.durable && !job.again && !queue.durable.insert(*job.durable).second) return;
  if (job.eta) {
    add_delayed(queue, job.priority, epoch_ms(*job.eta), job.payload);
  } else if (const auto countdown = countdown_ms(job.countdown.value_or(Millis{0})); countdown > 0) {
    add_delayed(queue, job.priority, now_ms + countdown, job.payload);
  } else {
    auto& level = queue.at(job.priority);
    add_ready(level, job.payload, now_ms);
    if (job.again) level.delayed.remove(job.payload);
  }
}

std::uint64_t MemoryBroker::Shared::signs(std::span<const Queue> names) {
  std::uint64_t all = 0;
  for (const auto& name : names) all += queues[name].signs;
  return all;
}

}  // namespace aftercommit
