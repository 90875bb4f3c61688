/// The claim of many jobs, for the one transaction that all of them run in.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "client/job_table/claim.hpp"

namespace aftercommit::detail {

/// Of jobs of one database and of one form: all have a row or none has, and all are at the same attempt.  In
/// one statement, in the message of BEGIN: some of them may turn out to be no longer ours, and only is_ours()
/// of none at all is false.  What becomes of one that was not claimed, or of all where their transaction does
/// not commit, is for a claim of its own to say: this one knows nothing of any without a transaction.
class BatchClaim final : public Claim {
 public:
  /// Of jobs without a row, as each takes a lock of its own: fewer than the 64 that a server has for
  /// each session (max_locks_per_transaction), however many workers there are.
  static constexpr std::size_t kMostInLedger = 50;

  /// `first`: one of `jobs`, which are all.  Neither `first` nor `database` is owned; both outlive this.
  BatchClaim(const Envelope& first, Database& database, const std::vector<JobId>& jobs);

  /// Those that the latest transaction has claimed, sorted: for as long as no other begins.
  std::vector<JobId> claimed();

  bool may_run() const override { return false; }
  bool finish() const override { return false; }
  Kept record(const Envelope& /*next*/, int /*attempt*/,
              std::chrono::milliseconds /*countdown*/) const override {
    return Kept::kNowhere;
  }
  Kept bury(int /*attempt*/, const std::string& /*letter*/) const override { return Kept::kNowhere; }
  Kept bury_for_good(const std::string& /*letter*/) const override { return Kept::kNowhere; }
  Standing standing() const override { return {.kind = Standing::Kind::kLocked}; }

 private:
  Rider with_begin() const override;

  const std::string ids_;  // a literal of SQL
};

}  // namespace aftercommit::detail
