#include "client/job_table/claim.hpp"

#include <string_view>
#include <utility>

#include "client/postgres/pqxx_compat.hpp"
#include "client/transaction/database_core.hpp"

namespace aftercommit::detail {

Riders& Claim::begin() { return begin(with_begin()); }

Riders& Claim::begin(Rider guard) {
  riders() = {.with_begin = std::move(guard)};
  return riders();
}

Riders& Claim::begin_after(Rider guard) {
  auto& next = riders_[1 - current_];
  next = {.with_begin = std::move(guard)};
  return next;
}

bool Claim::is_ours() {
  auto& [with_begin, answer, with_commit, next] = riders();
  if (answer.empty() || answer[0][0].is_null()) return false;
  with_commit.add({&database_->core()->statements.proof, {literal(answer[0][0].c_str())}});
  return true;
}

std::optional<std::size_t> Claim::full_limit() const {
  const auto& answer = riders_[current_].answer;
  if (places_.empty() || answer.empty()) return std::nullopt;
  const auto full = answer[0][1].as<std::size_t>(0);
  return full > 0 ? std::optional{full - 1} : std::nullopt;
}

bool Claim::is_broken_out(const std::exception& error) {
  return sqlstate_of(error) == "22023" &&
         std::string_view{error.what()}.find("ended the transaction of its job") != std::string_view::npos;
}

}  // namespace aftercommit::detail
