#include "client/job_table/claim.hpp"

#include <cstddef>
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
  auto& own = riders();
  const auto& answer = own.answer;
  if (answer.empty() || answer[0][0].is_null()) return false;
  own.with_commit.add({&database_->core()->statements.proof, {literal(answer[0][0].c_str())}});
  if (history_of_ != nullptr) add_history(own);
  return true;
}

/// What claims the job has told which transaction asked for it, where it has a row; and the ids, where it
/// claims many.
void Claim::add_history(Riders& riders) const {
  const auto& answer = riders.answer;
  const auto column = [&](const char* name) -> std::optional<pqxx::row_size_type> {
    for (pqxx::row_size_type i = 0; i < answer.columns(); ++i) {
      if (std::string_view{answer.column_name(i)} == name) return i;
    }
    return std::nullopt;
  };
  const auto all = [&](std::optional<pqxx::row_size_type> from, const std::string& otherwise) {
    std::string list = "{";
    for (const auto& row : answer) {
      if (list.size() > 1) list += ',';
      const bool is_null = from && row[*from].is_null();
      list += is_null ? "NULL" : from ? row[*from].c_str() : otherwise;
    }
    return literal(list + "}");
  };
  const auto& statements = database_->core()->statements;
  const auto flow = is_flow_ ? job_.id.str() : job_.flow;
  auto& history = riders.of_history;
  history.note_savepoint = &statements.note_savepoint;
  history.keep.add({&statements.as_worker, {}});
  history.keep.add(
      {&statements.keep_history,
       {text_literal(job_.task), text_literal(job_.queue), std::to_string(job_.counted_attempt()),
        flow.empty() ? "NULL" : literal(flow), step_ ? text_literal(*step_) : "NULL",
        text_literal(*history_of_), all(column("id"), job_.id.str()), all(column("asked_in"), "NULL")}});
  history.keep.add({&statements.as_task, {}});
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
