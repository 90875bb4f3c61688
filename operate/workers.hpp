/// The workers, and what they run.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "operate/answers.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

struct WorkerJob {
  std::string id;
  std::string task;
  std::optional<std::chrono::system_clock::time_point> since{};  ///< nothing: not known
  std::size_t others = 0;  ///< that run together with it, in one transaction
};

/// A worker process that holds a lease.
struct WorkerInfo {
  std::string id;
  std::string host{};  ///< as it says of itself, or as its id tells
  long pid = 0;        ///< the same; 0: not known
  std::string app{};   ///< empty: not known, as what follows; an older release says nothing of itself
  std::string version{};
  std::optional<std::chrono::system_clock::time_point> since{};
  std::optional<std::chrono::system_clock::time_point> told_at{};  ///< by its own clock
  std::size_t concurrency = 0;
  std::vector<Queue> queues{};        ///< in which it holds a lease, by name
  std::chrono::milliseconds left{0};  ///< of its longest lease; zero or less: it has ended, others take over
  std::size_t running = 0;            ///< jobs
  std::vector<WorkerJob> jobs{};      ///< of these the ones that have run longest, a hundred at most

  bool is_silent() const noexcept { return left <= left.zero(); }
};

struct WorkerList {
  std::vector<WorkerInfo> workers{};  ///< by host, then id
  Answers answers{};
};

/// What each has said with its last heartbeat, 5 s ago by default: two commands for each queue.  `queue`:
/// those that serve it; empty: all.  Throws as Servers::look_at_each(); without Redis none is known.
WorkerList find_workers(Servers& servers, const Queue& queue = {});

/// The same of these queues alone, in which Redis is not searched for others: for whoever looks again and
/// again.
WorkerList find_workers_of(Servers& servers, std::span<const Queue> queues);

Json in_json(const WorkerList& list);

}  // namespace aftercommit::operate
