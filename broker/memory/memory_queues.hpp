/// The queues that the MemoryBrokers of one name share: each state of a job a plain container.
#pragma once

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "broker/contract/levels.hpp"
#include "broker/memory/memory_broker.hpp"

namespace aftercommit {

inline constexpr Millis kLongestMemoryWait = std::chrono::hours{1};  // an earlier return is always allowed

/// Texts in the order of a time, each text once: what a sorted set is in Redis.
class Timeline {
 public:
  void put(std::int64_t ms, const std::string& text);
  /// As put, unless the text has an earlier time already; true if it is now the first of all.
  bool put_earlier(std::int64_t ms, const std::string& text);
  std::string take_first();
  bool remove(const std::string& text);  ///< false: it is not there
  bool contains(const std::string& text) const { return times_.contains(text); }
  const std::set<std::pair<std::int64_t, std::string>>& order() const { return order_; }

 private:
  std::map<std::string, std::int64_t> times_;
  std::set<std::pair<std::int64_t, std::string>> order_;
};

/// Entries "7-0" in the order of their numbers.
struct ByNumber {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }
};

/// The jobs of one level of a queue that wait.
struct MemoryLevel {
  struct Ready {
    std::string entry;
    std::string payload;
    std::int64_t since_ms;
  };
  std::deque<Ready> ready;
  Timeline delayed;
  std::map<std::string, Timeline> aside;  // by reason; none of them empty

  bool empty() const { return ready.empty() && delayed.order().empty() && aside.empty(); }
};

struct MemoryQueue {
  struct Running {
    WorkerId worker;
    std::string payload;
    std::int64_t since_ms;
    Priority level;
  };
  std::array<MemoryLevel, kLevels> levels;
  LevelShares shares{};
  std::map<std::string, Running, ByNumber> running;  // by entry
  Timeline dead;
  std::map<WorkerId, std::int64_t> leases;                           // the ms at which each ends
  std::map<WorkerId, std::pair<std::string, std::int64_t>> reports;  // and the ms until which each is kept
  std::set<JobId> durable;                                           // in any of them but dead
  std::map<std::string, std::string> relay;                          // cursors by source
  std::map<std::string, HomeDatabase> home;                          // by alias
  std::map<std::string, std::vector<std::string>> apps;  // of its workers, with the tasks they declare
  std::string declared_by{};                             // a task,
  std::int64_t declared_until_ms = 0;                    // and when that is forgotten
  Pauses::Since paused_since{};
  std::uint64_t signs = 0;  // how often a job became due before all others

  MemoryLevel& at(Priority level) { return levels.at(index_of(level)); }
  bool empty() const {
    return std::ranges::all_of(levels, &MemoryLevel::empty) && running.empty() && dead.order().empty() &&
           leases.empty() && durable.empty() && relay.empty() && home.empty() && apps.empty() &&
           !paused_since;
  }
  bool has_ready() const {
    return !std::ranges::all_of(levels, [](const auto& level) { return level.ready.empty(); });
  }
  bool holds_jobs(const WorkerId& worker) const;
};

/// Lock `mutex` first; it protects all that is here.
struct MemoryBroker::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<Queue, MemoryQueue> queues;
  std::uint64_t entries = 0;
  const Clock* clock = nullptr;  // not owned; null: the machine's

  void add_ready(MemoryLevel& level, std::string payload, std::int64_t now_ms);
  void add_delayed(MemoryQueue& queue, Priority level, std::int64_t due_ms, const std::string& payload);
  void enqueue(const Outgoing& job, std::int64_t now_ms);
  std::uint64_t signs(std::span<const Queue> names);
};

}  // namespace aftercommit
