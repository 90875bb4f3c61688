/// Makes sure that a job takes effect once, however often it is delivered: the transaction that its task runs
/// in claims it, by deleting its row of the job table or by entering it in the ledger.
#pragma once

#include <exception>

#include "broker/envelope/envelope.hpp"
#include "client/statements/riders.hpp"
#include "client/statements/statements.hpp"

namespace aftercommit::detail {

/// For one transaction of one attempt, which it outlives.
class EffectGuard {
 public:
  EffectGuard(const Statements& statements, const Envelope& job);

  /// To be handed to Atomic.
  Riders& riders() noexcept { return riders_; }

  /// Once the transaction is open: whether the job is ours to run.  If so, it can only commit as this very
  /// transaction, and durably.  False: it is done, or stands elsewhere; the transaction is to be left.
  bool claim();

  /// Whether this error of the commit says that the transaction was no longer the one that claimed the job:
  /// its task has ended that one by itself, and what it had done by then stands.
  static bool is_broken_out(const std::exception& error);

 private:
  const Statements& statements_;  // not owned, outlives this
  Riders riders_;
};

}  // namespace aftercommit::detail
