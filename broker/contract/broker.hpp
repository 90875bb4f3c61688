/// Where jobs wait and who holds them: the interface every broker keeps.  Redis keys: docs/wire-format.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "aftercommit/job_id.hpp"

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
  /// The id of a durable job, which the job table holds as well.  The broker takes it once: one that it has
  /// already, in whatever state, is left as it is, and counts as enqueued.
  std::optional<JobId> durable{};
  /// Added though the broker has its id: that may be of a copy which is about to be forgotten.  No second
  /// copy has an effect of its own.
  bool again = false;
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

/// What renewing a lease found.
enum class Lease : std::uint8_t {
  kHeld,    ///< it had not ended
  kLapsed,  ///< it had ended: others may have taken over the jobs of this worker
  kNew,     ///< the broker knew nothing of this worker: its first lease, or the broker has lost its data
};

/// The lease of a worker in a queue, as somebody else sees it.
struct LeaseView {
  Queue queue;
  WorkerId worker;
  std::string mark;  ///< another one after each renewal
  Millis left{0};    ///< until it ends, by the broker's clock; zero or less: it has
};

/// One step of a relay: jobs of one queue, and how far the relay's source has been read with them.
struct RelayStep {
  Queue queue;
  std::string source;    ///< names the job table that is read
  std::string expected;  ///< the cursor as this relay knows it; empty: none
  std::string next;      ///< the cursor once these jobs are in
  std::vector<Outgoing> jobs{};
};

/// A database that holds the rows of a queue's durable jobs, as a worker knows it.
struct HomeDatabase {
  std::string alias;  ///< by which jobs name it
  std::string token;  ///< of the schema of its tables: one that nothing else has
  std::string where;  ///< for people: "shop at 10.0.0.7:5432, schema aftercommit"
  /// Which of all that have this token, as copies have it too; a standby is none.  Empty: not known.
  std::string instance{};
};

/// What a worker says of itself before it serves a queue.
struct HomeClaim {
  std::vector<HomeDatabase> databases{};
  std::string app{};                 ///< its name; empty: one that runs no tasks
  std::vector<std::string> tasks{};  ///< names of those it declares
  bool adopt = false;  ///< an operator says that the queue is theirs: what others have said is forgotten
};

/// What of a claim does not go together with what others have said before.
struct HomeFinding {
  enum class Kind : std::uint8_t {
    kOtherDatabase,  ///< `subject`, an alias, stands for another database; `detail` says which
    kCopy,  ///< the same, but with one token: one is a copy of the other; `detail` and `instance` say which
    kSameTask,  ///< `subject`, another app, declares the task `detail` as well: each would run the other's
    kOtherApp,  ///< `subject`, another app, has workers for the queue
  };
  Kind kind;
  std::string subject;
  std::string detail{};
  std::string instance{};  ///< only of kCopy: that of the known one

  friend bool operator==(const HomeFinding&, const HomeFinding&) = default;
};

/// A queue that a task is declared for, whether or not there are jobs or workers.
struct DeclaredQueue {
  Queue queue;
  std::string task;  ///< the name of one
};

/// Jobs of one queue that stand aside for one reason.
struct AsideJobs {
  Queue queue;
  std::string reason;
  std::size_t jobs = 0;
};

/// Where a job stands in its queue; one that stands aside counts as delayed.
enum class JobState : std::uint8_t { kReady, kRunning, kDelayed };

struct Promotion {
  std::size_t promoted = 0;          ///< delayed jobs that became ready
  std::optional<Millis> next_due{};  ///< until the next one is due; empty if none waits
};

struct QueueCounts {
  std::int64_t ready = 0;    ///< waiting, not yet fetched
  std::int64_t running = 0;  ///< fetched and not settled
  std::int64_t delayed = 0;  ///< those that stand aside included
  std::int64_t dead = 0;
  std::optional<Millis> oldest{};  ///< how long the first of the ready and running ones has been there
  std::int64_t workers = 0;        ///< that hold a lease in this queue
  std::string declared_by{};       ///< a task that is declared for it; empty: none is known of
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
  /// twice, unless it is durable.  Delayed jobs are told apart by their payload: one that waits already stays
  /// one job, due at the earlier time.  Throws EnqueueFailure, and nothing else of ours.
  virtual void enqueue(std::span<const Outgoing> jobs, Millis timeout) = 0;

  /// Whether its jobs live in this process, so that no call takes a round trip.
  virtual bool is_in_process() const { return false; }

  /// Hands up to `count` jobs to `worker`, from the first queue that has any, then the next (`queues` is in
  /// order of preference), oldest first; waits up to `wait` for the first one; may be empty.  After a call
  /// that failed, or over a new connection, all that stands in the worker's name is handed out, what the
  /// caller has in hand already among it; so let one object fetch for a worker, while others of the same
  /// worker may settle.
  virtual std::vector<Fetched> fetch(const WorkerId& worker, std::span<const Queue> queues, std::size_t count,
                                     Millis wait) = 0;

  /// Settles jobs held by `worker`, in one round trip; answers in the same order.  When it throws, some may
  /// be settled: asked again, they are then kNotPending.  A refusal that concerns some of the jobs alone is
  /// an answer, kRefused, and no exception.
  virtual std::vector<Settled> settle(const WorkerId& worker, std::span<const Settlement> settlements) = 0;

  /// Moves due jobs of these queues, oldest first, to the ready ones, up to `limit` for each queue and never
  /// more than a thousand; `next_due` is zero when there are more to move.
  virtual Promotion promote(std::span<const Queue> queues, std::size_t limit) = 0;

  /// Waits up to `timeout` for a sign that promote has new work sooner than it last said: a job was added
  /// that is due before all others.  A hint: signs may be missed, so keep `timeout` to a second or so.
  /// True if there was a sign, or may have been one unheard: at the first call, for other queues than last
  /// time, and when the connection broke.
  virtual bool await_schedule(std::span<const Queue> queues, Millis timeout) = 0;

  // --- Jobs that cannot run for now, for a reason that concerns many.  They wait aside, in nobody's way.

  /// What stands aside in these queues, in the order of the queues.
  virtual std::vector<AsideJobs> aside(std::span<const Queue> queues) = 0;

  /// Puts up to `limit` jobs (never more than a thousand) that stand aside for this reason back among the
  /// ready ones, last, as they are: only those whose time has come, unless `all`; those first whose time
  /// comes first.  Answers how many; fewer than asked for does not say that none is left.
  virtual std::size_t bring_back(const Queue& queue, const std::string& reason, std::size_t limit,
                                 bool all) = 0;

  // --- Leases: a worker is taken for dead when others have not seen it renew its lease for as long as it is.

  /// Holds the jobs of `worker` in these queues for `lease` from now on.  Answers for each queue.
  virtual std::vector<Lease> renew_lease(const WorkerId& worker, std::span<const Queue> queues,
                                         Millis lease) = 0;

  /// The leases of all workers that hold jobs, or only a name, in these queues, ended ones as well.  One that
  /// the broker knows no lease of gets one of `lease` from now on: after a loss of data it must have time to
  /// renew its own.
  virtual std::vector<LeaseView> leases(std::span<const Queue> queues, Millis lease) = 0;

  /// Puts up to `limit` jobs of `worker` in each queue back among the ready ones, as they are, last; once it
  /// holds none in a queue its name and lease there are forgotten.  Only where its lease still has this mark;
  /// with an empty one whatever its lease, since the worker is known to be dead.  Answers how many it put
  /// back; fewer than `limit` for each queue: that was all.
  virtual std::size_t recover(const WorkerId& worker, std::span<const Queue> queues, std::size_t limit,
                              const std::string& mark) = 0;

  /// The payloads of these entries, those that `worker` holds now.
  virtual std::vector<Fetched> held_by(const WorkerId& worker, const Queue& queue,
                                       std::span<const std::string> entries) = 0;

  /// The end of a worker that has settled all: forgets its name and leases, except where it still holds jobs.
  virtual void retire(const WorkerId& worker, std::span<const Queue> queues) = 0;

  // --- Whose a queue is.

  /// Says for each queue who serves it from where; answers, for each, what does not go together with what is
  /// known.  In one atomic step for each: where a database is another one or a copy, or a task the same,
  /// nothing of the claim is kept.  An instance that is not known is what the first claim says that has one.
  /// What is known is lost together with the jobs.
  virtual std::vector<std::vector<HomeFinding>> claim_home(const HomeClaim& claim,
                                                           std::span<const Queue> queues) = 0;

  /// Says that tasks are declared for these queues, for an operator to see.  It is forgotten after this time,
  /// unless somebody has said it anew.
  virtual void declare_queues(std::span<const DeclaredQueue> declared, Millis time) = 0;

  // --- The relay, which brings jobs from a job table.

  /// How far the job table `source` has been read for each queue: what the last relay step said, or empty. It
  /// is lost together with the jobs, or as old as they are, if the broker loses data.
  virtual std::vector<std::string> relay_cursors(std::string_view source, std::span<const Queue> queues) = 0;

  /// Takes the jobs (all of them durable) and moves the cursor in one atomic step, provided that the cursor
  /// still is the expected one; else false, and nothing has changed.  At most a thousand jobs.  Throws
  /// BrokerUnavailable where the connection has been lost since relay_cursors or has_durable: the broker may
  /// have fallen back to an older state with the same cursor, and what it said not hold any more.
  virtual bool relay(const RelayStep& step) = 0;

  /// All sources that there are cursors of in this queue, in any order.
  virtual std::vector<std::string> relay_sources(const Queue& queue) = 0;

  /// Deletes the cursors of these sources.
  virtual void forget_relay_sources(const Queue& queue, std::span<const std::string> sources) = 0;

  /// Which of these durable jobs the broker has.
  virtual std::vector<bool> has_durable(const Queue& queue, std::span<const JobId> jobs) = 0;

  // --- For the operator.

  /// All queues that there are keys of, sorted.
  virtual std::vector<Queue> queues() = 0;

  /// Visits all jobs of a queue, in batches: one that moves meanwhile may be missed or seen twice.
  virtual void for_each_job(const Queue& queue,
                            const std::function<void(JobState state, std::string_view payload)>& visit) = 0;

  /// Visits the ids of all durable jobs that the broker has, in the same way.
  virtual void for_each_durable(const Queue& queue, const std::function<void(const JobId& job)>& visit) = 0;

  /// Deletes a dead letter, and enqueues `job` in its place if one is given, in one atomic step; false if the
  /// letter is not there (any more).
  virtual bool remove_dead_letter(const Queue& queue, const std::string& letter,
                                  const Outgoing* job = nullptr) = 0;

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

}  // namespace aftercommit
