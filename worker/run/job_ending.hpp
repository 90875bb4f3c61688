/// How a job that was fetched ends: what is written down of it, and how it is settled.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "broker/contract/intake.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/job_table/claim.hpp"
#include "worker/cancel/cancel_requests.hpp"
#include "worker/events/events.hpp"
#include "worker/held/locked_jobs.hpp"
#include "worker/home/home.hpp"

namespace aftercommit::worker {

/// Whether this says for sure that the job has taken effect: a table without its row does where the rows of
/// the queue are.  `entry`: the hand-over.
bool is_gone(const detail::Claim::Standing& standing, Home& home, const Queue& queue, std::string_view entry);

/// For one hand-over.  What an attempt has changed is first written down where the claim keeps it, and then
/// told to the broker.  Where its database is away the job is put off as it came.
class JobEnding {
 public:
  /// None is owned; all outlive this.
  JobEnding(const Fetched& fetched, const WorkerId& worker, LockedJobs& locked, CancelRequests& cancels,
            Home& home, const Events& events)
      : fetched_{fetched},
        worker_{worker},
        locked_{locked},
        cancels_{cancels},
        home_{home},
        events_{events} {}

  /// Once it is known which job it is.  `claim`: null while its row is not to be reached: then it can only go
  /// back.  Neither is owned; both outlive this.
  void found(const Envelope& job, const detail::Claim* claim);

  Settlement done() const;        ///< it has taken effect
  Settlement given_back() const;  ///< to run somewhere else, as if never fetched
  Settlement put_off() const;     ///< to be looked at again in a moment, then in longer ones, as it came
  Settlement put_off(std::chrono::milliseconds countdown) const;
  Settlement as_row(const detail::JobRow& row) const;  ///< to run again as its row says, and not as it came
  Settlement dropped() const;                          ///< not to run any more, and no dead letter
  /// One that was asked to stop: nothing of it has taken effect, and it does not run again.
  Settlement cancelled() const;
  /// There was nothing to claim: it is done, or stands at another attempt, or another transaction has it.
  Settlement not_ours() const;
  /// To run again as `next` says, in `countdown`; `attempt` has failed, or 0 if none was used up.
  Settlement again(const Envelope& next, int attempt, std::chrono::milliseconds countdown) const;
  /// A dead letter.  `job` as it died; null if what came could not be read.
  Settlement buried(const Envelope* job, int attempt, DeadLetter::Cause cause, const std::string& reason,
                    std::chrono::system_clock::time_point now) const;
  /// The same for a job whose row may have gone with what its task has done.
  Settlement buried_for_good(const Envelope& job, DeadLetter::Cause cause, const std::string& reason,
                             std::chrono::system_clock::time_point now) const;

  using Kept = detail::Claim::Kept;
  using Letter = std::function<std::string()>;
  /// The same with more than the claim to be written: by `write`, which may change `job` before it asks for
  /// its letter.
  Settlement buried_by(const Envelope* job, DeadLetter::Cause cause, const std::string& reason,
                       std::chrono::system_clock::time_point now,
                       const std::function<Kept(const Letter& letter)>& write) const;

 private:
  Settlement or_put_off(const std::function<Settlement()>& ask) const;
  std::string letter(const Envelope* job, DeadLetter::Cause cause, const std::string& reason,
                     std::chrono::system_clock::time_point now) const;
  Settlement settle(Settlement::Kind kind, std::string payload = {},
                    std::chrono::milliseconds countdown = {}) const;

  const Fetched& fetched_;
  const WorkerId& worker_;
  LockedJobs& locked_;
  CancelRequests& cancels_;
  Home& home_;
  const Events& events_;
  const Envelope* job_ = nullptr;
  const detail::Claim* claim_ = nullptr;
};

}  // namespace aftercommit::worker
