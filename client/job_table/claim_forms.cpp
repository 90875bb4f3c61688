#include "client/job_table/claim_forms.hpp"

#include <utility>

#include "client/job_table/ledger.hpp"
#include "client/job_table/unique_marks.hpp"
#include "client/transaction/database_core.hpp"

namespace aftercommit::detail {

using Where = Claim::Standing::Kind;

// --- by its row

Rider RowClaim::with_begin() const {
  const auto& statements = database()->core()->statements;
  if (!places().empty()) {
    return {&statements.guard_limited,
            {literal(job().id.str()), std::to_string(job().attempt), text_literal(places())}};
  }
  return {job().unique ? &statements.guard_unique : &statements.guard_job,
          {literal(job().id.str()), std::to_string(job().attempt)}};
}

bool RowClaim::may_run() const {
  const auto row = table().find(job().id);
  return row && row->attempt == job().attempt;
}

bool RowClaim::finish() const {
  if (job().unique) want_job(*database(), job().id);  // what is waited for here are those who hold it by now
  return table().finish(job().id, job().attempt);
}

Claim::Kept RowClaim::record(const Envelope& next, int attempt, std::chrono::milliseconds countdown) const {
  return table().record(next, attempt, countdown) ? Kept::kInDatabase : Kept::kNowhere;
}

Claim::Kept RowClaim::bury(int attempt, const std::string& letter) const {
  if (!table().bury(job().id, attempt, letter)) return Kept::kNowhere;
  if (!job().flow.empty()) database()->exec(statements_of(*database()).wake_flow, job().flow);
  return Kept::kInDatabase;
}

Claim::Kept RowClaim::bury_for_good(const std::string& letter) const {
  if (bury(job().attempt, letter) == Kept::kInDatabase) return Kept::kInDatabase;
  if (table().find(job().id)) return Kept::kNowhere;
  table().bury_lost(job().id, job().queue, letter);
  return Kept::kInDatabase;
}

Claim::Standing RowClaim::standing() const {
  auto [home, row] = table().look_for(job().id);
  if (!row) return {.kind = Where::kGone, .may_be_dead = true, .says = std::move(home)};
  if (row->attempt == job().attempt) {
    if (job().unique) want_job(*database(), job().id);
    return {.kind = Where::kLocked};
  }
  return {.kind = Where::kLaterAttempt, .row = std::move(row)};
}

// --- by the ledger

Rider LedgerClaim::with_begin() const {
  if (!places().empty()) {
    return {&database()->core()->statements.guard_ledger_limited,
            {literal(job().id.str()), text_literal(places())}};
  }
  return {&database()->core()->statements.guard_ledger, {literal(job().id.str())}};
}

bool LedgerClaim::has_taken_effect() const {
  return database() != nullptr && is_in_ledger(*database(), job().id);
}

Claim::Standing LedgerClaim::standing() const {
  return {.kind = has_taken_effect() ? Where::kGone : Where::kLocked};
}

// --- either

void AnyClaim::emplace(const Envelope& job, Database* database) {
  if (!job.durable) {
    form_.emplace<LedgerClaim>(job, database);
  } else if (database != nullptr) {
    form_.emplace<RowClaim>(job, *database);
  }
}

Claim* AnyClaim::get() noexcept {
  if (auto* const row = std::get_if<RowClaim>(&form_)) return row;
  return std::get_if<LedgerClaim>(&form_);
}

}  // namespace aftercommit::detail
