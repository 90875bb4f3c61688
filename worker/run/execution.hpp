/// The run of a task, in the transaction that claims its job.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "aftercommit/database.hpp"
#include "aftercommit/job.hpp"
#include "base/log/log_context.hpp"
#include "broker/contract/names.hpp"
#include "client/job_table/claim.hpp"
#include "client/postgres/last_words.hpp"
#include "worker/flows/flow_run.hpp"
#include "worker/gate/holds.hpp"
#include "worker/limits/job_limits.hpp"
#include "worker/notes/attempt_notes.hpp"
#include "worker/run/attempt_context.hpp"
#include "worker/watch/running_job.hpp"

namespace aftercommit::detail {
class Session;
}  // namespace aftercommit::detail

namespace aftercommit::worker {

/// Why a job has not taken effect, in the words of the log and the dead letter.
struct Failure {
  enum class Kind {
    kError,
    kRetry,
    kSnooze,
    kReject,
    kNotRetried,   ///< as the options of its task say of this exception
    kBrokeOut,     ///< the task has ended its transaction by itself
    kNotOurs,      ///< nothing was there to claim: it did not run
    kLimited,      ///< a limit has no place for it, or no time yet: it did not run
    kUndone,       ///< a flow had failed for good, and all that was to be undone is: see `undone`
    kParked,       ///< a flow waits, and its row says so: it runs again in `countdown`
    kUnavailable,  ///< its database did not serve, or is in doubt about the commit: no attempt is used up
  };
  Kind kind = Kind::kError;
  std::string reason{};
  std::optional<std::chrono::milliseconds> countdown{};
  bool conflict = false;  ///< with another transaction: nobody's fault
  std::string type{};     ///< of the exception: "std::out_of_range"; empty: there was none
  /// With kUnavailable, what it says of the job's own database.
  enum class Outage {
    kNone,     ///< it has ended this session alone, or it was another that the task has used
    kPerhaps,  ///< it may be stopping, or an administrator has ended this session alone
    kLikely,
  };
  Outage outage = Outage::kNone;
  /// With kUnavailable, where the body had begun: how many more such runs the job may have.
  std::optional<int> runs_left{};
  std::optional<int> max_retries{};  ///< with kRetry, or of a flow's step: for this failure alone
  bool of_code = false;              ///< a flow's does not go with what that has done, or was given
  bool undoes = false;               ///< of a flow: what it has done is to be undone if it dies of this
  std::optional<detail::FlowFailure> undone{};  ///< with kUndone, what the flow has failed of
  bool told_why = false;  ///< the reason holds a server's own words for why it has ended a session
  const JobLimits::One* full = nullptr;  ///< with kLimited: which; not owned, of the attempt's
  /// With kLimited and a countdown: the job is told to come at this time.
  std::optional<std::chrono::system_clock::time_point> turn{};
};

/// What a task is told of its job.
JobInfo info_of(const Candidate& candidate, const Queue& queue);

/// For one job, on the thread that runs it: its body, within its transaction, up to the COMMIT; and then
/// that.
class Execution {
 public:
  /// Nothing is owned; all outlives this.
  struct Work {
    const Candidate& candidate;
    const Queue& queue;
    detail::Claim& claim;
    const std::function<void(Job&)>& body;
    const JobLimits* limits = nullptr;  ///< null: it has none
    Envelope* flow = nullptr;  ///< of a flow the candidate's job, which moves on with its row; null: of none
    /// Those of all jobs that the body runs; null: of this one.
    const std::function<nlohmann::json()>* all_args = nullptr;
  };

  /// Neither is owned; both outlive this.
  Execution(AttemptContext& context, RunningJob& running) : context_{context}, running_{running} {}
  ~Execution() { let_go(); }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  /// Runs the body, again at once where the transaction meets a conflict, and stops where the transaction is
  /// about to commit; or does all of it, where the task has none.  Nothing if the job has not failed so far.
  std::optional<Failure> run(const Work& work);
  bool is_at_commit() const noexcept { return block_.has_value(); }

  // --- There.

  /// The database in the message of whose COMMIT the transaction of another job may begin; null: none may.
  Database* takes_along() const noexcept;
  /// Commits, and runs the body again where that meets a conflict.  `next`: what begins the transaction of
  /// the job that this thread runs next, there; null: nothing.  Nothing if the job has taken effect.
  std::optional<Failure> finish(detail::Riders* next);

  /// What begins the transaction of a job before its run(), in the message that commits another.  `claim` is
  /// that of its Work.
  detail::Riders& begin_ahead(detail::Claim& claim);
  /// What has been left open on this thread by something else than a body is rolled back.
  void end_all() noexcept { leave(); }
  /// Gives up what is open: that transaction where run() has not been called, or the one that is at its
  /// commit.
  void let_go() noexcept;

  /// Whether its last run was asked to stop, as its job was cancelled.  Told by the run itself: as soon as
  /// what it did is rolled back, another may have settled the request, and it is no longer one.
  bool was_cancelled() const noexcept { return cancelled_; }
  /// What its last run has told besides, up to so many bytes; empty: nothing.
  std::string told_lines(std::size_t limit) const { return notes_ ? notes_->text(limit) : std::string{}; }

 private:
  std::optional<Failure> run_body();
  std::optional<Failure> commit();
  template <class Part>
  std::optional<Failure> step(Part&& part);
  std::optional<Failure> begin();
  std::optional<Failure> ask_limits();
  std::optional<Failure> run_in_transaction();
  std::optional<Failure> run_bare();
  std::optional<Failure> run_flow();
  void tell_flow();
  std::optional<Failure> take_up_flow();
  void begin_step();
  /// `harmless`: see FileWatch.
  void call_body(Transaction* transaction, std::chrono::microseconds harmless);
  void begin_limits();
  bool goes_again(const std::optional<Failure>& failure);
  void leave() noexcept;

  /// How a session was lost in this run, the job's own before all others; nothing if none was.
  std::optional<detail::LastWords> find_loss() const;
  void forget_losses() const noexcept;
  /// Nothing if the job has taken effect all the same.
  std::optional<Failure> explain(const std::exception& error);
  /// Within the handler of what has been thrown.
  std::optional<Failure> as_options_say(std::optional<Failure> failure) const;
  /// Of a flow, where what has failed is tried again.
  void as_flow_says(Failure& failure) const;
  /// This thread is for the next job too: rolls back what a task has left open, and says what.  Nothing of
  /// `own`, the session of the job's transaction; null once that has ended, or where there is none.
  std::optional<std::string_view> end_what_is_left(const detail::Session* own) const noexcept;

  const Envelope& job() const noexcept { return work_->candidate.job; }

  AttemptContext& context_;
  RunningJob& running_;
  detail::Claim* begun_ahead_ = nullptr;  // or at least it was tried; null: not yet, or no more
  std::optional<Work> work_{};
  std::optional<LoggedJob> logged_{};
  std::optional<LogOfJob> lines_{};  // those of the task are its job's
  int reruns_ = 0;
  bool cancelled_ = false;
  std::optional<RunningBody::Clock::time_point> body_began_{};  // where it has limits
  std::optional<FlowRun> flow_{};  // of this run, until what it has thrown is explained
  std::optional<Atomic> block_{};
  detail::Session* session_ = nullptr;  // that of block_, of this thread: outlives it
  std::optional<JobInfo> info_{};
  std::optional<AttemptNotes> notes_{};
  std::optional<Job> running_job_{};  // for the hooks as well
};

}  // namespace aftercommit::worker
