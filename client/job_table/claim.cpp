#include "client/job_table/claim.hpp"

#include <string_view>

#include "client/postgres/pqxx_compat.hpp"
#include "client/transaction/database_core.hpp"

namespace aftercommit::detail {

Riders& Claim::begin() {
  riders_ = {.with_begin = with_begin()};
  return riders_;
}

bool Claim::is_ours() {
  if (riders_.answer.empty()) return false;
  riders_.with_commit.add({&database_->core()->statements.proof, {literal(riders_.answer[0][0].c_str())}});
  return true;
}

bool Claim::is_broken_out(const std::exception& error) {
  return sqlstate_of(error) == "22023" &&
         std::string_view{error.what()}.find("ended the transaction of its job") != std::string_view::npos;
}

}  // namespace aftercommit::detail
