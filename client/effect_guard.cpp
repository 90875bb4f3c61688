#include "client/effect_guard.hpp"

#include <string>
#include <string_view>

#include "broker/fail_point.hpp"
#include "client/pqxx_compat.hpp"

namespace aftercommit::detail {

EffectGuard::EffectGuard(const Statements& statements, const Envelope& job) : statements_{statements} {
  const auto id = job.id.str();
  riders_.with_begin = job.durable ? statements.guard_job.fill({id, std::to_string(job.attempt)})
                                   : statements.guard_ledger.fill({id, id});
  if (mutant("no_guard")) riders_.with_begin = statements.mutant_no_guard.fill({id});
  if (mutant("check_then_act")) riders_.with_begin = statements.mutant_check.fill({id});
}

bool EffectGuard::claim() {
  if (riders_.answer.empty()) return false;
  riders_.with_commit = statements_.proof.fill({riders_.answer[0][0].c_str()});
  if (mutant("no_guard") || mutant("check_then_act")) {
    riders_.with_commit = statements_.mutant_act.fill({riders_.answer[0][1].c_str()});
  }
  return true;
}

bool EffectGuard::is_broken_out(const std::exception& error) {
  return sqlstate_of(error) == "22023" &&
         std::string_view{error.what()}.find("ended the transaction of its job") != std::string_view::npos;
}

}  // namespace aftercommit::detail
