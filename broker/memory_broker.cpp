/// The states of a job as plain containers under one mutex.
#include "broker/memory_broker.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "broker/epoch_ms.hpp"

namespace aftercommit {
namespace {

constexpr Millis kLongestWait = std::chrono::hours{1};  // an earlier return is always allowed

struct Ready {
  std::string entry;
  std::string payload;
};

/// Texts in the order of a time, each text once: what a sorted set is in Redis.
class Timeline {
 public:
  void put(std::int64_t ms, const std::string& text) {
    const auto [known, added] = times_.try_emplace(text, ms);
    if (!added) order_.erase({std::exchange(known->second, ms), text});
    order_.emplace(ms, text);
  }

  /// As put, unless the text has an earlier time already; true if it is now the first of all.
  bool put_earlier(std::int64_t ms, const std::string& text) {
    const bool first = order_.empty() || ms < order_.begin()->first;
    const auto known = times_.find(text);
    if (known == times_.end() || ms < known->second) put(ms, text);
    return first;
  }

  std::string take_first() {
    auto text = std::move(order_.extract(order_.begin()).value().second);
    times_.erase(text);
    return text;
  }

  const std::set<std::pair<std::int64_t, std::string>>& order() const { return order_; }

 private:
  std::map<std::string, std::int64_t> times_;
  std::set<std::pair<std::int64_t, std::string>> order_;
};

struct QueueState {
  std::deque<Ready> ready;
  std::map<std::string, WorkerId> running;  // by entry
  Timeline delayed;
  Timeline dead;
  std::uint64_t signs = 0;  // how often a job became due before all others
};

}  // namespace

struct MemoryBroker::Shared {
  std::mutex mutex;  // protects all below
  std::condition_variable changed;
  std::map<Queue, QueueState> queues;
  std::uint64_t entries = 0;

  void add_ready(QueueState& queue, std::string payload) {
    queue.ready.push_back({std::to_string(++entries) + "-0", std::move(payload)});
    changed.notify_all();
  }

  void add_delayed(QueueState& queue, std::int64_t due_ms, const std::string& payload) {
    if (!queue.delayed.put_earlier(due_ms, payload)) return;
    ++queue.signs;
    changed.notify_all();
  }

  std::uint64_t signs(std::span<const Queue> names) {
    std::uint64_t all = 0;
    for (const auto& name : names) all += queues[name].signs;
    return all;
  }
};

std::shared_ptr<MemoryBroker::Shared> MemoryBroker::shared(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<Shared>, std::less<>> all;
  const std::scoped_lock lock{mutex};
  auto& found = all[std::string{name}];
  if (!found) found = std::make_shared<Shared>();
  return found;
}

MemoryBroker::MemoryBroker(std::string_view name, const Clock& clock)
    : clock_{clock}, shared_{shared(name)} {}

std::int64_t MemoryBroker::now_ms() const { return epoch_ms(clock_.now()); }

void MemoryBroker::enqueue(std::span<const Outgoing> jobs, Millis /*timeout*/) {
  const std::scoped_lock lock{shared_->mutex};
  for (const auto& job : jobs) {
    auto& queue = shared_->queues[job.queue];
    if (job.eta) {
      shared_->add_delayed(queue, epoch_ms(*job.eta), job.payload);
    } else if (const auto countdown = countdown_ms(job.countdown.value_or(Millis{0})); countdown > 0) {
      shared_->add_delayed(queue, now_ms() + countdown, job.payload);
    } else {
      shared_->add_ready(queue, job.payload);
    }
  }
}

std::vector<Fetched> MemoryBroker::fetch(const WorkerId& worker, std::span<const Queue> queues,
                                         std::size_t count, Millis wait) {
  std::unique_lock lock{shared_->mutex};
  const auto any_ready = [&] {
    return std::ranges::any_of(queues,
                               [&](const Queue& name) { return !shared_->queues[name].ready.empty(); });
  };
  std::vector<Fetched> found;
  if (queues.empty() || count == 0) return found;
  shared_->changed.wait_for(lock, std::clamp(wait, Millis{0}, kLongestWait), any_ready);
  for (const auto& name : queues) {
    auto& queue = shared_->queues[name];
    while (!queue.ready.empty() && found.size() < count) {
      auto& next = queue.ready.front();
      queue.running.emplace(next.entry, worker);
      found.push_back({name, std::move(next.entry), std::move(next.payload)});
      queue.ready.pop_front();
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
    if (held->second != worker) return Settled::kHeldByOther;
    queue.running.erase(held);
    switch (settlement.kind) {
      case Settlement::Kind::kAck:
        break;
      case Settlement::Kind::kRetry:
        shared_->add_delayed(queue, now_ms() + countdown_ms(settlement.countdown), settlement.payload);
        break;
      case Settlement::Kind::kRelease:
        shared_->add_ready(queue, settlement.payload);
        break;
      case Settlement::Kind::kBury:
        queue.dead.put(now_ms(), settlement.payload);
        break;
    }
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
    auto& queue = shared_->queues[name];
    const auto& waiting = queue.delayed.order();
    for (std::size_t i = 0; i < limit && !waiting.empty() && waiting.begin()->first <= now; ++i) {
      shared_->add_ready(queue, queue.delayed.take_first());
      ++promotion.promoted;
    }
    if (waiting.empty()) continue;
    const Millis next_due{std::max<std::int64_t>(0, waiting.begin()->first - now)};
    promotion.next_due = std::min(promotion.next_due.value_or(next_due), next_due);
  }
  return promotion;
}

bool MemoryBroker::await_schedule(std::span<const Queue> queues, Millis timeout) {
  std::unique_lock lock{shared_->mutex};
  bool woken = !std::ranges::equal(queues, awaited_);  // newly listening: what was before went unheard
  if (!woken) {
    woken = shared_->changed.wait_for(lock, std::clamp(timeout, Millis{0}, kLongestWait),
                                      [&] { return shared_->signs(queues) != signs_heard_; });
  }
  awaited_.assign(queues.begin(), queues.end());
  signs_heard_ = shared_->signs(queues);
  return woken;
}

QueueCounts MemoryBroker::counts(const Queue& name) {
  const std::scoped_lock lock{shared_->mutex};
  const auto& queue = shared_->queues[name];
  const auto count = [](const auto& jobs) { return static_cast<std::int64_t>(jobs.size()); };
  return {.ready = count(queue.ready),
          .running = count(queue.running),
          .delayed = count(queue.delayed.order()),
          .dead = count(queue.dead.order())};
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

std::vector<std::string> MemoryBroker::check() { return {}; }

}  // namespace aftercommit
