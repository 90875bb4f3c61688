/// What an operator looks at, and changes by hand.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/job_id.hpp"
#include "broker/contract/broker_part.hpp"
#include "broker/contract/enqueue_target.hpp"
#include "broker/contract/levels.hpp"
#include "broker/contract/names.hpp"
#include "broker/contract/pauses.hpp"

namespace aftercommit {

/// Where a job stands in its queue; one that stands aside counts as delayed.
enum class JobState : std::uint8_t { kReady, kRunning, kDelayed };

struct QueueCounts {
  std::int64_t ready = 0;    ///< waiting, not yet fetched
  std::int64_t running = 0;  ///< fetched and not settled
  std::int64_t delayed = 0;  ///< those that stand aside included
  std::int64_t dead = 0;
  std::optional<Millis> oldest{};  ///< how long the first of the ready and running ones has been there
  std::int64_t workers = 0;        ///< that hold a lease in this queue
  std::string declared_by{};       ///< a task that is declared for it; empty: none is known of
  std::array<std::int64_t, kLevels> ready_at{};  ///< of the ready ones, those of each level
  Pauses::Since paused{};                        ///< as Pauses::paused_since
};

/// A dead letter as kept: the time of death and the text that bury was given.
struct DeadLetterEntry {
  std::chrono::system_clock::time_point died_at{};
  std::string letter;
};

/// For operators' programs.
class Browsing : public BrokerPart {
 public:
  /// All queues that there are keys of, sorted.
  virtual std::vector<Queue> queues() = 0;

  /// Visits all jobs of a queue, in batches: one that moves meanwhile may be missed or seen twice.
  virtual void for_each_job(const Queue& queue,
                            const std::function<void(JobState state, std::string_view payload)>& visit) = 0;

  /// Visits the ids of all durable jobs that the broker has, in the same way.
  virtual void for_each_durable(const Queue& queue, const std::function<void(const JobId& job)>& visit) = 0;

  virtual QueueCounts counts(const Queue& queue) = 0;

  /// The newest `count` dead letters after skipping `offset`.
  virtual std::vector<DeadLetterEntry> dead_letters(const Queue& queue, std::size_t offset,
                                                    std::size_t count) = 0;

  /// Deletes a dead letter, and enqueues `job` in its place if one is given, in one atomic step; false if the
  /// letter is not there (any more).
  virtual bool remove_dead_letter(const Queue& queue, const std::string& letter,
                                  const Outgoing* job = nullptr) = 0;
};

}  // namespace aftercommit
