/// The run of a task, in the transaction that claims its job.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "aftercommit/database.hpp"
#include "aftercommit/job.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/job_table/effect_guard.hpp"
#include "client/postgres/last_words.hpp"
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
    kReject,
    kBrokeOut,     ///< the task has ended its transaction by itself
    kNotOurs,      ///< nothing was there to claim: it did not run
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
  bool told_why = false;  ///< the reason holds a server's own words for why it has ended a session
};

/// For one job, on the thread that runs it.
class Execution {
 public:
  /// Gives what claims the job that this thread runs next, if there is one for this database.
  using ClaimNext = std::function<detail::Riders*(Database&)>;

  /// Nothing is owned.
  struct Work {
    const Envelope& job;
    const Queue& queue;
    const detail::TaskEntry& task;
    const std::function<void(Job&)>& body;
    const ClaimNext& claim_next;  ///< for the message of COMMIT; asked once at most, after the task
  };

  /// Neither is owned; both outlive this.
  Execution(AttemptContext& context, RunningJob& running) : context_{context}, running_{running} {}
  ~Execution() { let_go(); }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  /// Runs the body, again at once where the transaction meets a conflict.  Nothing if the job has taken
  /// effect.
  std::optional<Failure> run(const Work& work);

  /// What claims the job in a transaction of this database, to be begun before run().
  detail::Riders& claim_ahead(const Envelope& job, Database& database);
  /// Gives that transaction up, if run() has not been called.
  void let_go() noexcept;

 private:
  std::optional<Failure> run_once(const Work& work);
  std::optional<Failure> begin(const Work& work, std::optional<Atomic>& block);
  std::optional<Failure> run_in(Atomic& block, detail::Session& session, const Work& work);
  std::optional<Failure> run_bare(const Work& work);
  void let_next_begin(const Work& work, const detail::Session& session);
  /// How a session was lost in this run, `own` before all others; nothing if none was.
  std::optional<detail::LastWords> find_loss(const detail::Session* own) const;
  void forget_losses() const noexcept;
  /// Nothing if the job has taken effect all the same.
  std::optional<Failure> explain(const std::exception& error, const Work& work,
                                 const std::optional<Atomic>& block, const detail::Session* session);
  /// This thread is for the next job too: rolls back what a task has left open, and says what.  Nothing of
  /// `own`, the session of the job's transaction; null once that has ended, or where there is none.
  std::optional<std::string_view> end_what_is_left(const detail::Session* own) const noexcept;

  AttemptContext& context_;
  RunningJob& running_;
  std::optional<detail::EffectGuard> guard_{};  // outlives its block
  Database* claimed_ahead_in_ = nullptr;  // by guard_, or at least it was tried; null: not yet, or no more
  bool asked_for_next_ = false;
};

}  // namespace aftercommit::worker
