/// A job's way through the queues in memory.
#include "broker/memory/memory_broker.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/epoch_ms.hpp"
#include "broker/memory/memory_queues.hpp"

namespace aftercommit {

namespace {

/// How many jobs of each level to take: its share, and what others leave over.
std::array<std::size_t, kLevels> share_out(MemoryQueue& queue, std::size_t room) {
  auto most = queue.shares.next(room);
  for (const auto level : kAllLevels) {
    auto& share = most.at(index_of(level));
    share = std::min(share, queue.at(level).ready.size());
    room -= share;
  }
  for (const auto level : kAllLevels) {
    auto& share = most.at(index_of(level));
    const auto more = std::min(room, queue.at(level).ready.size() - share);
    share += more;
    room -= more;
  }
  return most;
}

}  // namespace

std::shared_ptr<MemoryBroker::Shared> MemoryBroker::shared(std::string_view name) {
  // Never destroyed: an object with static storage may enqueue while the process ends.
  static auto& mutex = *new std::mutex;
  static auto& all = *new std::map<std::string, std::shared_ptr<Shared>, std::less<>>;
  const std::scoped_lock lock{mutex};
  auto& found = all[std::string{name}];
  if (!found) found = std::make_shared<Shared>();
  return found;
}

MemoryBroker::MemoryBroker(std::string_view name) : shared_{shared(name)} {}

std::chrono::system_clock::time_point MemoryBroker::now() const {
  return (shared_->clock != nullptr ? *shared_->clock : system_clock()).now();
}

std::int64_t MemoryBroker::now_ms() const { return epoch_ms(now()); }

void MemoryBroker::enqueue(std::span<const Outgoing> jobs, Millis /*timeout*/) {
  const std::scoped_lock lock{shared_->mutex};
  for (const auto& job : jobs) shared_->enqueue(job, now_ms());
}

std::vector<Fetched> MemoryBroker::fetch(const WorkerId& worker, std::span<const Queue> queues,
                                         std::size_t count, Millis wait) {
  std::unique_lock lock{shared_->mutex};
  const auto any_ready = [&] {
    return std::ranges::any_of(queues, [&](const Queue& name) { return shared_->queues[name].has_ready(); });
  };
  std::vector<Fetched> found;
  if (queues.empty() || count == 0) return found;
  shared_->changed.wait_for(lock, std::clamp(wait, Millis{0}, kLongestMemoryWait), any_ready);
  for (const auto& name : queues) {
    auto& queue = shared_->queues[name];
    const auto room = count - found.size();
    if (room == 0 || !queue.has_ready()) continue;
    const auto most = share_out(queue, room);
    for (const auto level : kAllLevels) {
      auto& ready = queue.at(level).ready;
      for (auto left = most.at(index_of(level)); left > 0; --left) {
        auto& next = ready.front();
        queue.running.emplace(next.entry, MemoryQueue::Running{worker, next.payload, next.since_ms, level});
        found.push_back({name, std::move(next.entry), std::move(next.payload)});
        ready.pop_front();
      }
    }
  }
  return found;
}

std::vector<Settled> MemoryBroker::settle(const WorkerId& worker, std::span<const Settlement> settlements) {
  const std::scoped_lock lock{shared_->mutex};
  const auto settle_one = [&](const Settlement& settlement) {
    auto& queue = shared_->queues[settlement.queue];
    const auto held = queue.running.find(settlement.entry);
    if (held == queue.running.end()) return Settled::kNotPending;
    if (held->second.worker != worker) return Settled::kHeldByOther;
    const auto level = held->second.level;
    queue.running.erase(held);
    switch (settlement.kind) {
      case Settlement::Kind::kAck:
        break;
      case Settlement::Kind::kRetry:
        shared_->add_delayed(queue, level, now_ms() + countdown_ms(settlement.countdown), settlement.payload);
        return Settled::kDone;
      case Settlement::Kind::kRelease:
        shared_->add_ready(queue.at(level), settlement.payload, now_ms());
        return Settled::kDone;
      case Settlement::Kind::kBury:
        queue.dead.put(now_ms(), settlement.payload);
        break;
      case Settlement::Kind::kAside:
        queue.at(level).aside[settlement.reason].put_earlier(now_ms() + countdown_ms(settlement.countdown),
                                                             settlement.payload);
        return Settled::kDone;
    }
    if (settlement.durable) queue.durable.erase(*settlement.durable);
    return Settled::kDone;
  };
  std::vector<Settled> answers;
  for (const auto& settlement : settlements) answers.push_back(settle_one(settlement));
  return answers;
}

Promotion MemoryBroker::promote(std::span<const Queue> queues, std::size_t limit) {
  const std::scoped_lock lock{shared_->mutex};
  const auto now = now_ms();
  Promotion promotion;
  for (const auto& name : queues) {
    for (auto& level : shared_->queues[name].levels) {
      const auto& waiting = level.delayed.order();
      for (std::size_t i = 0; i < limit && !waiting.empty() && waiting.begin()->first <= now; ++i) {
        shared_->add_ready(level, level.delayed.take_first(), now);
        ++promotion.promoted;
      }
      if (waiting.empty()) continue;
      const Millis next_due{std::max<std::int64_t>(0, waiting.begin()->first - now)};
      promotion.next_due = std::min(promotion.next_due.value_or(next_due), next_due);
    }
  }
  return promotion;
}

std::vector<AsideJobs> MemoryBroker::aside(std::span<const Queue> queues) { return aside(queues, false); }

std::vector<AsideJobs> MemoryBroker::limited(std::span<const Queue> queues, std::size_t /*some*/) {
  return aside(queues, true);
}

std::vector<AsideJobs> MemoryBroker::aside(std::span<const Queue> queues, bool for_limits) const {
  const std::scoped_lock lock{shared_->mutex};
  std::vector<AsideJobs> found;
  for (const auto& name : queues) {
    std::map<std::string, std::size_t> reasons;
    for (const auto& level : shared_->queues[name].levels) {
      for (const auto& [reason, jobs] : level.aside) {
        if (is_limit_reason(reason) == for_limits) reasons[reason] += jobs.order().size();
      }
    }
    for (const auto& [reason, jobs] : reasons) found.push_back({name, reason, jobs});
  }
  return found;
}

std::size_t MemoryBroker::bring_back(const Queue& name, const std::string& reason, std::size_t limit,
                                     bool all) {
  const std::scoped_lock lock{shared_->mutex};
  const auto now = now_ms();
  std::size_t put_back = 0;
  for (auto& level : shared_->queues[name].levels) {
    const auto jobs = level.aside.find(reason);
    if (jobs == level.aside.end()) continue;
    const auto& waiting = jobs->second.order();
    for (; put_back < limit && !waiting.empty() && (all || waiting.begin()->first <= now); ++put_back) {
      shared_->add_ready(level, jobs->second.take_first(), now);
    }
    if (waiting.empty()) level.aside.erase(jobs);
  }
  return put_back;
}

bool MemoryBroker::await_schedule(std::span<const Queue> queues, Millis timeout) {
  std::unique_lock lock{shared_->mutex};
  bool woken = !std::ranges::equal(queues, awaited_);  // newly listening: what was before went unheard
  if (!woken) {
    woken = shared_->changed.wait_for(lock, std::clamp(timeout, Millis{0}, kLongestMemoryWait),
                                      [&] { return shared_->signs(queues) != signs_heard_; });
  }
  awaited_.assign(queues.begin(), queues.end());
  signs_heard_ = shared_->signs(queues);
  return woken;
}

std::vector<std::string> MemoryBroker::check() { return {}; }

}  // namespace aftercommit
