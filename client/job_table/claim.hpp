/// What makes a job take effect once, however often it is delivered, and where the truth about it is kept:
/// the steps of its life that differ between a durable job and any other.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "aftercommit/database.hpp"
#include "broker/contract/homes.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/job_table/job_table.hpp"
#include "client/statements/riders.hpp"

namespace aftercommit::detail {

/// The id by which the broker knows that it has this job; nothing: it does not look for that.
inline std::optional<JobId> id_for_broker(const Envelope& job) {
  return job.durable ? std::optional{job.id} : std::nullopt;
}

/// Of one job that has been delivered, in the form that it has: see claim_forms.hpp.  For one thread, and one
/// transaction at a time, which it outlives.  What asks the database throws what Database does.
class Claim {
 public:
  /// Where what became of an attempt has been written down.
  enum class Kept : std::uint8_t {
    kInDatabase,
    kInBroker,  ///< nowhere yet: what the broker has of the job is all there is, and is to be changed
    kNowhere,   ///< the job is not ours any more: standing() says why
  };

  /// Where a job stands that was not ours.
  struct Standing {
    enum class Kind : std::uint8_t {
      kGone,          ///< it has taken effect
      kLocked,        ///< another transaction has it right now
      kLaterAttempt,  ///< `row` is at another attempt than what was delivered
    };
    Kind kind = Kind::kGone;
    bool may_be_dead = false;  ///< where it is gone
    /// Where it is gone, whose word that is: it holds if the queue's rows are there.  Nothing: it holds.
    std::optional<HomeDatabase> says{};
    std::optional<JobRow> row{};
  };

  virtual ~Claim() = default;
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  /// Where it takes effect; null: nowhere, without a row and for a task without a transaction.
  Database* database() const noexcept { return database_; }
  /// Each transaction that it claims from now on enters itself into the history, in the message of its
  /// COMMIT, as one that `worker` has run.  The database has to have that: see history.hpp.  `worker` is not
  /// owned and outlives this.
  void keep_history(const std::string& worker) noexcept { history_of_ = &worker; }
  /// The job is a flow: what that does in its next transaction, for the history; nothing: it ends.
  void do_step(std::optional<std::string> name) {
    is_flow_ = true;
    step_ = std::move(name);
  }

  // --- In the transaction of its task.

  /// Before begin(): it also takes a place of each of these limits, or is not ours.  `places`: see
  /// places_of().
  void limit_to(std::string places) { places_ = std::move(places); }
  /// Anew for each transaction that is to run the job: to be handed to Atomic.
  Riders& begin();
  /// The same for a transaction that the job does not take effect in: `guard` claims it for as long.
  Riders& begin(Rider guard);
  Riders& riders() noexcept { return riders_[current_]; }
  /// Another one, that may begin in the message of COMMIT of the open one: for Riders::next of that.
  Riders& begin_after(Rider guard);
  /// Once that has ended: riders() are those of the other one, to be handed to Atomic.
  Riders& turn_to_next() noexcept {
    current_ = 1 - current_;
    return riders();
  }
  /// Once it is open: whether the job is ours to run.  If so, it can only commit as this very transaction,
  /// and durably.  False: the transaction is to be left, and standing() says why.
  bool is_ours();
  /// Once it was not: which of its limits, counted from 0, had no place; nothing: it was not for that.
  std::optional<std::size_t> full_limit() const;
  /// Whether this error of the commit says that the transaction was no longer the one that claimed the job:
  /// its task has ended that one by itself, and what it had done by then stands.
  static bool is_broken_out(const std::exception& error);

  // --- Without a transaction.

  /// Whether it still is to be run.
  virtual bool may_run() const = 0;
  /// It has run, or is not to run any more.  False if it is not ours any more.
  virtual bool finish() const = 0;

  // --- What becomes of it.

  /// To run again as `next` says, due after `countdown`; `attempt` has failed.
  virtual Kept record(const Envelope& next, int attempt, std::chrono::milliseconds countdown) const = 0;
  /// Not to run again, after this attempt.
  virtual Kept bury(int attempt, const std::string& letter) const = 0;
  /// The same where what its task has done may have made away with the row.
  virtual Kept bury_for_good(const std::string& letter) const = 0;
  virtual Standing standing() const = 0;

 protected:
  /// Neither is owned; both outlive this.
  Claim(const Envelope& job, Database* database) : job_{job}, database_{database} {}

  const Envelope& job() const noexcept { return job_; }
  const std::string& places() const noexcept { return places_; }

 private:
  /// What claims the job, in the message of BEGIN: one row, the id of the transaction, if it is ours.
  virtual Rider with_begin() const = 0;
  void add_history(Riders& riders) const;

  const Envelope& job_;
  Database* const database_;
  std::string places_;              // empty: it needs none
  std::array<Riders, 2> riders_{};  // of a transaction, and of the one after it
  std::size_t current_ = 0;
  const std::string* history_of_ = nullptr;  // the worker; not owned; null: none is kept
  bool is_flow_ = false;
  std::optional<std::string> step_{};
};

}  // namespace aftercommit::detail
