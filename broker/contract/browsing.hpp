/// What an operator looks at, and changes by hand.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
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
  /// How often a job has ever left the ready and running ones: attempts that have ended, those that were put
  /// off or given back included.  Two looks make a rate.  Empty: not counted.
  std::optional<std::int64_t> ended{};
};

/// A dead letter as kept: the time of death and the text that bury was given.
struct DeadLetterEntry {
  std::chrono::system_clock::time_point died_at{};
  std::string letter;
};

/// Where the jobs of a queue are looked for.
enum class JobPart : std::uint8_t {
  kRunning,  ///< fetched by a worker and not settled
  kReady,
  kDelayed,  ///< without those that stand aside
  kAside,
};

/// A job as it stands in its queue.
struct JobEntry {
  JobPart part = JobPart::kReady;
  Priority level = Priority::kNormal;
  std::string payload;
  std::string place{};   ///< names it among the ready and running ones of its level
  std::string reason{};  ///< why it stands aside
  /// Ready and running ones: since when they are there; others: when they are due, or are looked at again.
  std::chrono::system_clock::time_point at{};
  WorkerId worker{};      ///< of a running one, as the next
  Millis held{0};         ///< how long ago it was handed over
  std::size_t shard = 0;  ///< where it stands, of several
};

/// Some jobs of one part, and where the next ones begin.
struct JobPage {
  std::vector<JobEntry> jobs{};
  std::size_t looked_at = 0;  ///< entries: more than `jobs`, where others stood between them
  std::string next{};         ///< for the next call; empty: that was all
};

/// A worker as others see it in a queue.
struct WorkerView {
  WorkerId worker;
  Millis left{0};        ///< of its lease; zero or less: that has ended
  std::string report{};  ///< what it last said of itself in this queue, see Leases::report; empty: nothing
};

/// A shard that has not answered.
struct SilentShard {
  std::string name;
  std::string error;  ///< a sentence
};

/// For operators' programs.
class Browsing : public BrokerPart {
 public:
  /// Whether a call answers for those of several shards that do; else one that does not is BrokerUnavailable.
  /// Where none answers it is always.
  virtual void bear_silent_shards(bool /*bear*/) {}
  /// Those that have not answered since the last call of this: what was found is a part of the whole.
  virtual std::vector<SilentShard> take_silent_shards() { return {}; }

  /// Whether there are any.
  virtual bool any_silent_shard() const { return false; }

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

  /// The same of those that died at `until` or before, to the millisecond.
  virtual std::vector<DeadLetterEntry> dead_letters_until(const Queue& queue,
                                                          std::chrono::system_clock::time_point until,
                                                          std::size_t offset, std::size_t count) = 0;

  /// A page of jobs: those of one level after the other, the most urgent first; in it ready and running ones
  /// in their order, the others in that of their times.  About `count` of them, looking at about as many
  /// entries: fewer where they are large.  `after`: JobPage::next of the page before, empty to begin; what
  /// this broker did not give is a UsageError.  Jobs that move meanwhile may be missed or seen twice.
  virtual JobPage jobs(const Queue& queue, JobPart part, const std::string& after, std::size_t count) = 0;

  /// Deletes these jobs, as jobs() has shown them, those that nobody has fetched or moved meanwhile; of those
  /// with an id in `durable`, of the same length, the broker forgets that it had them.  Answers how many.  A
  /// running one stays.
  virtual std::size_t remove_jobs(const Queue& queue, std::span<const JobEntry> jobs,
                                  std::span<const std::optional<JobId>> durable) = 0;

  /// The workers that hold a lease in the queue, ended ones as well, by name.  Changes nothing.
  virtual std::vector<WorkerView> workers(const Queue& queue) = 0;

  /// Deletes a dead letter, and enqueues `job` in its place if one is given, in one atomic step; false if the
  /// letter is not there (any more).
  virtual bool remove_dead_letter(const Queue& queue, const std::string& letter,
                                  const Outgoing* job = nullptr) = 0;
};

}  // namespace aftercommit
