/// Where jobs wait and who holds them: the interface every broker keeps.  Redis keys: docs/wire-format.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"

namespace aftercommit {

/// Unique for each start of a worker process: a host name alone is not an id.
using WorkerId = std::string;
using Queue = std::string;
using Millis = std::chrono::milliseconds;

/// A job on its way in.  The payload is opaque here (an encoded Envelope, if all is well).
struct Outgoing {
  Queue queue;
  std::string payload;
  /// Due this long from now, by the broker's clock; zero or less: ready at once.
  std::optional<Millis> countdown{};
  /// Or due at an instant; at most one of the two.
  std::optional<std::chrono::system_clock::time_point> eta{};
};

/// A job handed to a worker.  `entry` names this hand-over within its queue.  Where another program put
/// something of its own into the queue, `payload` is a text that no envelope looks like, made to be buried.
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
  };
  Kind kind = Kind::kAck;
  Queue queue;
  std::string entry;
  std::string payload{};  ///< ignored for kAck
  Millis countdown{0};    ///< for kRetry alone
};

/// What settling found.
enum class Settled : std::uint8_t {
  kDone,        ///< this worker held the job, and the change was made
  kNotPending,  ///< nobody holds it any more: settled before, or lost with the broker's data; nothing changed
  kHeldByOther,  ///< another worker has taken it over; nothing changed
};

struct Promotion {
  std::size_t promoted = 0;          ///< delayed jobs that became ready
  std::optional<Millis> next_due{};  ///< until the next one is due; empty if none waits
};

struct QueueCounts {
  std::int64_t ready = 0;    ///< waiting, not yet fetched
  std::int64_t running = 0;  ///< fetched and not settled
  std::int64_t delayed = 0;
  std::int64_t dead = 0;
};

/// A dead letter as kept: the time of death and the text that bury was given.
struct DeadLetterEntry {
  std::chrono::system_clock::time_point died_at{};
  std::string letter;
};

/// What enqueue throws: which of the jobs it was given are not known to be in the broker.
class EnqueueFailure : public Error {
 public:
  EnqueueFailure(const std::string& what, std::vector<std::size_t> unsent, bool retryable, bool in_doubt)
      : Error{what}, unsent_{std::move(unsent)}, retryable_{retryable}, in_doubt_{in_doubt} {}
  const std::vector<std::size_t>& unsent() const noexcept { return unsent_; }  ///< indexes, ascending
  bool retryable() const noexcept override { return retryable_; }
  bool in_doubt() const noexcept override { return in_doubt_; }  ///< some of them may be there all the same

 private:
  std::vector<std::size_t> unsent_;
  bool retryable_;
  bool in_doubt_;
};

/// Not thread-safe; give each thread its own.  Every call is bounded in time: it throws BrokerUnavailable
/// when no reply came in time (it may then have taken effect; all settling is safe to repeat) and
/// BrokerRefused when the reply was a refusal (it then had no effect).  After either the object stays usable:
/// the next call connects anew.
class Broker {
 public:
  virtual ~Broker() = default;
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// Adds jobs, all in one pipelined round trip, within `timeout` in all, connecting included.  A connection
  /// that turns out dead is replaced and the jobs sent again while time is left: a job may then be there
  /// twice.  Delayed jobs are told apart by their payload: one that waits already stays one job, due at the
  /// earlier time.  Throws EnqueueFailure, and nothing else of ours.
  virtual void enqueue(std::span<const Outgoing> jobs, Millis timeout) = 0;

  /// Hands up to `count` jobs to `worker`, from the first queue that has any, then the next (`queues` is in
  /// order of preference), oldest first; waits up to `wait` for the first one; may be empty.  What a call
  /// that failed has left in the worker's name the next one hands out; so let one object fetch for a worker,
  /// while others of the same worker may settle.
  virtual std::vector<Fetched> fetch(const WorkerId& worker, std::span<const Queue> queues, std::size_t count,
                                     Millis wait) = 0;

  /// Settles jobs held by `worker`, in one round trip; answers in the same order.  When it throws, some may
  /// be settled: asked again, they are then kNotPending.
  virtual std::vector<Settled> settle(const WorkerId& worker, std::span<const Settlement> settlements) = 0;

  /// Moves due jobs of these queues, oldest first, to the ready ones, up to `limit` for each queue and never
  /// more than a thousand; `next_due` is zero when there are more to move.
  virtual Promotion promote(std::span<const Queue> queues, std::size_t limit) = 0;

  /// Waits up to `timeout` for a sign that promote has new work sooner than it last said: a job was added
  /// that is due before all others.  A hint: signs may be missed, so keep `timeout` to a second or so.
  /// True if there was a sign, or may have been one unheard: at the first call, for other queues than last
  /// time, and when the connection broke.
  virtual bool await_schedule(std::span<const Queue> queues, Millis timeout) = 0;

  virtual QueueCounts counts(const Queue& queue) = 0;

  /// The newest `count` dead letters after skipping `offset`.
  virtual std::vector<DeadLetterEntry> dead_letters(const Queue& queue, std::size_t offset,
                                                    std::size_t count) = 0;

  /// Throws ConfigError if the server cannot serve as a broker (too old, a cluster); returns warnings, as
  /// sentences, for settings that put jobs at risk (eviction).  Call once at start.
  virtual std::vector<std::string> check() = 0;

 protected:
  Broker() = default;
};

/// A broker for a URL; does not connect yet.
///   redis://[user:password@]host[:port][/db][?prefix=ac]   redis+unix:///path/to/socket[?db=0&prefix=ac]
///   (unix:// is the same)   memory://name: within this process, shared by name, for tests
/// rediss:// is refused: there is no TLS here.  Throws ConfigError, naming what is wrong and never the
/// password.
std::unique_ptr<Broker> make_broker(std::string_view url);

/// The URL for a log: its password replaced by "***".
std::string masked_url(std::string_view url);

}  // namespace aftercommit
