/// What only tests ask of a broker: time that they move, and a look at what waits.
#include <algorithm>
#include <utility>

#include "base/epoch_ms.hpp"
#include "broker/memory/memory_queues.hpp"

namespace aftercommit {

void MemoryBroker::share_clock(const Clock* clock) {
  const std::scoped_lock lock{shared_->mutex};
  shared_->clock = clock;
}

void MemoryBroker::clear() {
  const std::scoped_lock lock{shared_->mutex};
  shared_->queues.clear();
}

std::optional<Queue> MemoryBroker::longest_ready() {
  const std::scoped_lock lock{shared_->mutex};
  const Queue* found = nullptr;
  const std::string* first = nullptr;
  for (const auto& [name, queue] : shared_->queues) {
    for (const auto& level : queue.levels) {
      if (level.ready.empty()) continue;
      const auto& entry = level.ready.front().entry;
      if (first != nullptr && !ByNumber{}(entry, *first)) continue;
      first = &entry;
      found = &name;
    }
  }
  return found != nullptr ? std::optional{*found} : std::nullopt;
}

bool MemoryBroker::hurry() {
  const std::scoped_lock lock{shared_->mutex};
  MemoryLevel* found = nullptr;
  for (auto& [name, queue] : shared_->queues) {
    for (auto& level : queue.levels) {
      const auto& order = level.delayed.order();
      if (order.empty()) continue;
      if (found == nullptr || order.begin()->first < found->delayed.order().begin()->first) found = &level;
    }
  }
  if (found == nullptr) return false;
  shared_->add_ready(*found, found->delayed.take_first(), now_ms());
  return true;
}

std::vector<MemoryBroker::Waiting> MemoryBroker::waiting() {
  const std::scoped_lock lock{shared_->mutex};
  const auto now = now_ms();
  std::vector<Waiting> all;
  const auto add_later = [&](const Timeline& jobs) {
    for (const auto& [due_ms, payload] : jobs.order())
      all.push_back({payload, Millis{std::max<std::int64_t>(due_ms - now, 0)}});
  };
  for (const auto& [name, queue] : shared_->queues) {
    for (const auto& level : queue.levels) {
      for (const auto& job : level.ready) all.push_back({job.payload, std::nullopt});
    }
    for (const auto& level : queue.levels) {
      add_later(level.delayed);
      for (const auto& [reason, jobs] : level.aside) add_later(jobs);
    }
  }
  return all;
}

}  // namespace aftercommit
