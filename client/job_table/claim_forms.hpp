/// The two forms of a claim: by the row of a durable job, and by the ledger.
#pragma once

#include <chrono>
#include <string>
#include <variant>

#include "client/job_table/claim.hpp"

namespace aftercommit::detail {

/// Of a durable job: its row is the truth.  The transaction that it takes effect in deletes the row, and what
/// an attempt has changed is written there, fenced by the number of the attempt.
class RowClaim final : public Claim {
 public:
  RowClaim(const Envelope& job, Database& database) : Claim{job, &database} {}

  bool may_run() const override;
  bool finish() const override;
  Kept record(const Envelope& next, int attempt, std::chrono::milliseconds countdown) const override;
  Kept bury(int attempt, const std::string& letter) const override;
  Kept bury_for_good(const std::string& letter) const override;
  Standing standing() const override;

 private:
  Rider with_begin() const override;
  JobTable table() const { return JobTable{*database()}; }
};

/// Of any other: the broker has all there is of it, and the transaction that it takes effect in enters its id
/// in the ledger.
class LedgerClaim final : public Claim {
 public:
  /// `database`: null for a task without a transaction, which leaves no mark anywhere.
  LedgerClaim(const Envelope& job, Database* database) : Claim{job, database} {}

  bool may_run() const override { return !has_taken_effect(); }
  bool finish() const override { return true; }
  Kept record(const Envelope& /*next*/, int /*attempt*/,
              std::chrono::milliseconds /*countdown*/) const override {
    return Kept::kInBroker;
  }
  /// What has taken effect is not dead, though its worker died before the broker heard of it.
  Kept bury(int /*attempt*/, const std::string& /*letter*/) const override {
    return has_taken_effect() ? Kept::kNowhere : Kept::kInBroker;
  }
  Kept bury_for_good(const std::string& /*letter*/) const override { return Kept::kInBroker; }
  Standing standing() const override;

 private:
  Rider with_begin() const override;
  bool has_taken_effect() const;
};

/// The claim of one job in whichever form it has, made in place.
class AnyClaim {
 public:
  AnyClaim() = default;
  AnyClaim(const Envelope& job, Database* database) { emplace(job, database); }

  /// `database`: where the job takes effect, null if nowhere or not known.  None is made of a durable job
  /// then: its row is not to be reached from here.  Neither is owned; both outlive this.
  void emplace(const Envelope& job, Database* database);

  /// Null while there is none.
  Claim* get() noexcept;
  Claim& operator*() noexcept { return *get(); }
  Claim* operator->() noexcept { return get(); }

 private:
  std::variant<std::monostate, RowClaim, LedgerClaim> form_;
};

}  // namespace aftercommit::detail
