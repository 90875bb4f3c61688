/// All that is counted of one worker process, in memory that outlives it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/metrics/counts.hpp"
#include "client/app/enqueue_counts.hpp"
#include "client/sending/send_counts.hpp"
#include "worker/events/event.hpp"
#include "worker/events/hold.hpp"
#include "worker/roles/role_counts.hpp"

namespace aftercommit::worker {

/// How a delivery of a job has ended.
enum class Outcome : std::uint8_t {
  kDone,
  kRetried,
  kSnoozed,
  kDead,
  kCancelled,
  kExpired,
  kDuplicate,  ///< it had taken effect before, and did not again
  kCrashed,    ///< its process died
};
inline constexpr std::array kOutcomeNames{"done",      "retried", "snoozed",   "dead",
                                          "cancelled", "expired", "duplicate", "crashed"};

inline constexpr std::array kPutOffNames{"locked",          "database_away", "cut_short",
                                         "row_not_written", "row_not_read",  "for_others"};
static_assert(kPutOffNames.size() == static_cast<std::size_t>(JobPutOff::Why::kForOthers) + 1);

inline constexpr std::array kHoldNames{"wrong_home", "unknown_database", "database_away", "no_lease",
                                       "cancelled",  "paused",           "expired",       "unknown_task",
                                       "no_body",    "limited"};
static_assert(kHoldNames.size() == static_cast<std::size_t>(Hold::kLimited) + 1);

struct TaskCell {
  aftercommit::detail::EnqueueCounts enqueued;
  std::array<Count, kOutcomeNames.size()> ended;
  TimeSpread ran;
};

struct QueueCell {
  TimeSpread waited;
};

/// Why a process that runs does not consume.
enum class Trouble : std::uint8_t {
  kNoLease,
  kWrongHome,
  kPaused,         ///< all of its queues are
  kFetchFails,     ///< the broker does not serve, or refuses
  kDatabasesAway,  ///< all of them; one of several keeps its own jobs back alone
  kStands,         ///< a thread of ours makes no step
  kRelayFails,     ///< with --relay-only
};
inline constexpr std::array kTroubleNames{
    "it does not hold its lease",
    "a queue belongs to another database",
    "all of its queues are paused",
    "it cannot fetch jobs: Redis does not serve",
    "none of its databases serves",
    "a thread of it gets nowhere",
    "its relay fails: Redis or a database does not serve",
};

enum class ProcessState : std::uint8_t { kAbsent, kStarting, kServing, kStopping };

/// As the process itself last saw it, once a second.
struct HealthCell {
  std::atomic<ProcessState> state{ProcessState::kAbsent};
  std::atomic<std::int64_t> beat_ms{0};    ///< when that was, by the steady clock
  std::atomic<std::uint32_t> troubles{0};  ///< a bit for each Trouble
  std::atomic<std::int64_t> concurrency{0};
  std::atomic<std::int64_t> running{0};
  std::atomic<std::int64_t> prefetched{0};
};

/// Made in memory that is zero.  Written by one process; what takes its place goes on from there.
struct ProcessBlock {
  NamedCells<TaskCell, aftercommit::detail::kMostTaskLabels> tasks;
  NamedCells<QueueCell, aftercommit::detail::kMostQueueLabels> queues;
  std::array<Count, kPutOffNames.size()> put_off;
  std::array<Count, kHoldNames.size()> put_aside;
  Count given_back;
  Count reruns;
  Count outdated;
  Count batches_failed;
  Count after_commit_troubles;
  Count starts;  ///< of a process
  Count log_lines_dropped;
  aftercommit::detail::SendCounts sends;
  RoleCounts roles;
  HealthCell health;
};

}  // namespace aftercommit::worker
