#include "client/job_table/effect_guard.hpp"

#include <string>
#include <string_view>

#include "base/process/fail_point.hpp"
#include "client/postgres/pqxx_compat.hpp"

namespace aftercommit::detail {

namespace {

Rider guard(const Statements& statements, const Envelope& job) {
  const auto id = literal(job.id.str());
  if (mutant("no_guard")) return {&statements.mutant_no_guard, {id}};
  if (mutant("check_then_act")) return {&statements.mutant_check, {id}};
  if (job.durable) return {&statements.guard_job, {id, std::to_string(job.attempt)}};
  return {&statements.guard_ledger, {id}};
}

}  // namespace

EffectGuard::EffectGuard(const Statements& statements, const Envelope& job)
    : statements_{statements}, riders_{.with_begin = guard(statements, job)} {}

bool EffectGuard::claim() {
  if (riders_.answer.empty()) return false;
  riders_.with_commit = {&statements_.proof, {literal(riders_.answer[0][0].c_str())}};
  if (mutant("no_guard") || mutant("check_then_act")) {
    riders_.with_commit = {&statements_.mutant_act, {literal(riders_.answer[0][1].c_str())}};
  }
  return true;
}

bool EffectGuard::is_broken_out(const std::exception& error) {
  return sqlstate_of(error) == "22023" &&
         std::string_view{error.what()}.find("ended the transaction of its job") != std::string_view::npos;
}

}  // namespace aftercommit::detail
