/// How jobs are handed to a worker, and what it says of them when they have ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aftercommit/job_id.hpp"
#include "broker/contract/broker_part.hpp"
#include "broker/contract/names.hpp"

namespace aftercommit {

/// A job handed to a worker.  `entry` names this hand-over within its queue, and with it the level.  Where
/// another program put something of its own into the queue, `payload` is a text that no envelope looks like,
/// made to be buried.
struct Fetched {
  Queue queue;
  std::string entry;
  std::string payload;
};

/// How a hand-over ended.  Each changes the job's state in one atomic step.
struct Settlement {
  enum class Kind : std::uint8_t {
    kAck,      ///< done: forget it
    kRetry,    ///< back to the delayed jobs with `payload`, due `countdown` from now
    kRelease,  ///< back to the ready jobs with `payload`, as if never fetched
    kBury,     ///< to the dead letters as `payload`, a complete letter (see dead_letter.hpp)
    kAside,    ///< aside for `reason` with `payload`, until it is brought back
  };
  Kind kind = Kind::kAck;
  Queue queue;
  std::string entry;
  std::string payload{};  ///< ignored for kAck
  Millis countdown{0};    ///< for kRetry; for kAside, when its time comes though nobody has brought it back
  /// The id of a durable job: with kAck and kBury the broker forgets that it had it.
  std::optional<JobId> durable{};
  std::string reason{};  ///< for kAside alone: what keeps the job from running, as "database:reports"
};

/// What settling found.
enum class Settled : std::uint8_t {
  kDone,        ///< this worker held the job, and the change was made
  kNotPending,  ///< nobody holds it any more: settled before, or lost with the broker's data; nothing changed
  kHeldByOther,  ///< another worker has taken it over; nothing changed
  kRefused,      ///< the broker refused this change, and may accept it later; nothing changed
};

/// For a worker.
class Intake : public BrokerPart {
 public:
  /// Hands up to `count` jobs to `worker`, from the first queue that has any, then the next (`queues` is in
  /// order of preference), of each level of a queue its share (see LevelShares) and what others leave over,
  /// the most urgent level first and in it the oldest job; waits up to `wait` for the first one; may be
  /// empty.  A level that is new to a queue may be noticed two calls late.  After a call
  /// that failed, or over a new connection, all that stands in the worker's name is handed out, what the
  /// caller has in hand already among it; so let one object fetch for a worker, while others of the same
  /// worker may settle.
  virtual std::vector<Fetched> fetch(const WorkerId& worker, std::span<const Queue> queues, std::size_t count,
                                     Millis wait) = 0;

  /// Settles jobs held by `worker`, in one round trip; answers in the same order.  When it throws, some may
  /// be settled: asked again, they are then kNotPending.  A refusal that concerns some of the jobs alone is
  /// an answer, kRefused, and no exception.
  virtual std::vector<Settled> settle(const WorkerId& worker, std::span<const Settlement> settlements) = 0;

  /// The payloads of these entries, those that `worker` holds now.
  virtual std::vector<Fetched> held_by(const WorkerId& worker, const Queue& queue,
                                       std::span<const std::string> entries) = 0;
};

}  // namespace aftercommit
