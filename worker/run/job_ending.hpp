/// How a job that was fetched ends: what is written to the job table for it, and how it is settled.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "aftercommit/app.hpp"
#include "broker/contract/broker.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/envelope.hpp"
#include "worker/held/locked_jobs.hpp"
#include "worker/home/home.hpp"

namespace aftercommit::detail {
struct JobRow;
}  // namespace aftercommit::detail

namespace aftercommit::worker {

/// For one hand-over.  A durable job has a row, which is the truth: what an attempt has changed is written
/// there first, fenced by the number of the attempt, and then told to the broker.  Where its database is away
/// the job is put off as it came.
class JobEnding {
 public:
  /// None is owned; all outlive this.
  JobEnding(const Fetched& fetched, const WorkerId& worker, LockedJobs& locked, Home& home)
      : fetched_{fetched}, worker_{worker}, locked_{locked}, identity_{home} {}

  /// Once the job has been read; `home` holds its row, null if it has none.  Not owned, outlives this.
  void found(const Envelope& job, Database* home);

  Settlement done() const;        ///< it has taken effect
  Settlement given_back() const;  ///< to run somewhere else, as if never fetched
  Settlement put_off() const;     ///< to be looked at again in a moment, then in longer ones, as it came
  Settlement put_off(std::chrono::milliseconds countdown) const;
  Settlement as_row(const detail::JobRow& row) const;  ///< to run again as its row says, and not as it came
  Settlement dropped() const;                          ///< not to run any more, and no dead letter
  /// The guard found nothing to claim: it is done, or stands at another attempt, or another transaction has
  /// it.
  /// `database` is the one whose job table or ledger was asked.
  Settlement not_ours(Database& database) const;
  /// To run again as `next` says, in `countdown`; `attempt` has failed, or 0 if none was used up.
  Settlement again(const Envelope& next, int attempt, std::chrono::milliseconds countdown) const;
  /// A dead letter.  `job` as it died; null if what came could not be read.
  Settlement buried(const Envelope* job, int attempt, DeadLetter::Cause cause, const std::string& reason,
                    std::chrono::system_clock::time_point now) const;
  /// The same for a job whose row may have gone with what its task has done.
  Settlement buried_for_good(const Envelope& job, DeadLetter::Cause cause, const std::string& reason,
                             std::chrono::system_clock::time_point now) const;

 private:
  Settlement with_row(const std::function<Settlement()>& write) const;
  std::string letter(const Envelope* job, DeadLetter::Cause cause, const std::string& reason,
                     std::chrono::system_clock::time_point now) const;
  void tell(const Envelope* job, DeadLetter::Cause cause, const std::string& reason) const;
  Settlement settle(Settlement::Kind kind, std::string payload = {},
                    std::chrono::milliseconds countdown = {}) const;
  bool durable() const { return home_ != nullptr; }

  const Fetched& fetched_;
  const WorkerId& worker_;
  LockedJobs& locked_;
  Home& identity_;
  const Envelope* job_ = nullptr;
  Database* home_ = nullptr;
};

}  // namespace aftercommit::worker
