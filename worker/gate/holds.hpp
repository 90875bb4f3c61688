/// The one list of what may hold a job back, for a job that is to run now, to be claimed ahead, or that has
/// just been fetched.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "aftercommit/app.hpp"
#include "broker/envelope/envelope.hpp"
#include "worker/cancel/cancel_requests.hpp"
#include "worker/events/hold.hpp"
#include "worker/gate/database_watch.hpp"
#include "worker/held/paused_queues.hpp"
#include "worker/home/home.hpp"
#include "worker/limits/limit_book.hpp"
#include "worker/roles/heartbeat.hpp"

namespace aftercommit::detail {
struct TaskEntry;
}  // namespace aftercommit::detail

namespace aftercommit::worker {

/// A job, and what of this worker it would run with.  Nothing is owned, all outlives this.
struct Candidate {
  const Envelope& job;
  const detail::TaskEntry* task;  ///< null: not known here
  /// Where it takes effect, in its own words, or else those of its task; empty: the default database.
  /// Nothing: nowhere, without a row and for a task without a transaction.
  std::optional<std::string_view> alias;
  Database* database;        ///< the same; null as well where this worker has none of that alias
  std::string_view entry{};  ///< by which hand-over it came
};

Candidate candidate_of(App& app, const Envelope& job, std::string_view entry = {});

/// Thread-safe.
class Holds {
 public:
  /// None is owned; all outlive this.
  Holds(App& app, const Home& home, HeldLeases leases, const CancelRequests& cancels,
        const PausedQueues& paused, const LimitBook& limits, const DatabaseWatches& databases)
      : app_{app},
        home_{home},
        leases_{std::move(leases)},
        cancels_{cancels},
        paused_{paused},
        limits_{limits},
        databases_{databases} {}

  /// The first that holds this job back now; nothing: it is to be tried.
  std::optional<Hold> first(const Candidate& candidate) const;

 private:
  App& app_;
  const Home& home_;
  const HeldLeases leases_;
  const CancelRequests& cancels_;
  const PausedQueues& paused_;
  const LimitBook& limits_;
  const DatabaseWatches& databases_;
};

/// Whether a job waits aside for this, as others do for the same reason.
constexpr bool stands_aside(Hold hold) noexcept {
  return hold == Hold::kUnknownDatabase || hold == Hold::kDatabaseAway || hold == Hold::kUnknownTask ||
         hold == Hold::kNoBody || hold == Hold::kLimited;
}
/// Whether it is the task that is missing here, for which a job waits as long as its grace.
constexpr bool is_of_task(Hold hold) noexcept { return hold == Hold::kUnknownTask || hold == Hold::kNoBody; }

}  // namespace aftercommit::worker
