#include "client/statements/planned_statements.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "client/statements/transaction_control.hpp"

namespace aftercommit::detail {
namespace {

bool contains_text(std::string_view sql, std::string_view upper_case) {
  const auto same = [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; };
  return std::search(sql.begin(), sql.end(), upper_case.begin(), upper_case.end(), same) != sql.end();
}

}  // namespace

void PlannedStatements::append(std::string& message, const SqlTemplate& statement,
                               std::span<const std::string> values) {
  if (usable()) {
    append_plan(message, &statement, statement.with_parameters(), values);
  } else {
    statement.append_to(message, values);
  }
}

void PlannedStatements::append_parameterised(std::string& message, const std::string& statement,
                                             std::span<const std::string> values) {
  append_plan(message, &statement, statement, values, "\n;");  // it may end in a comment
}

bool PlannedStatements::usable() {
  if (usable_) can_plan_ = std::exchange(usable_, nullptr)();
  return can_plan_;
}

void PlannedStatements::append_plan(std::string& message, const void* statement, std::string_view definition,
                                    std::span<const std::string> values, std::string_view end) {
  auto& plan = plans_[statement];
  const auto now = clock_.steady_now();
  if (plan.name.empty() || now - plan.made_at > kLifetime) {
    if (!plan.name.empty()) message.append("DEALLOCATE ").append(plan.name).append("; ");
    plan = {"aftercommit_" + std::to_string(++made_), now};
    message.append("PREPARE ").append(plan.name).append(" AS ").append(definition).append(end);
    unconfirmed_.push_back(statement);
  }
  message.append("EXECUTE ").append(plan.name);
  char separator = '(';
  for (const auto& value : values) message.append(1, std::exchange(separator, ',')).append(value);
  message.append(values.empty() ? ";" : ");");
}

void PlannedStatements::failed() noexcept {
  for (const auto* statement : unconfirmed_) plans_.erase(statement);
  left_ += unconfirmed_.size();
  if (left_ >= kMostLeft) can_plan_ = false;
  unconfirmed_.clear();
}

void PlannedStatements::notice(std::string_view sql) {
  if (plans_.empty() || !(contains_text(sql, "DEALLOCATE") || contains_text(sql, "DISCARD"))) return;
  if (may_drop_plans(sql)) forget();
}

void PlannedStatements::forget() noexcept {
  plans_.clear();
  unconfirmed_.clear();
}

}  // namespace aftercommit::detail
