#include "client/statements/session_traces.hpp"

#include <algorithm>
#include <array>

namespace aftercommit::detail {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view token, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, token) != words.end();
}

}  // namespace

void SessionTraces::see(std::string_view token) {
  static constexpr std::array<std::string_view, 5> kBeforeTemp{"CREATE", "REPLACE", "GLOBAL", "LOCAL",
                                                               "INTO"};
  static constexpr std::array<std::string_view, 3> kLocalForms{"LOCAL", "TRANSACTION", "CONSTRAINTS"};
  static constexpr std::array<std::string_view, 5> kAnywhere{
      "PG_TEMP", "PG_ADVISORY_LOCK", "PG_ADVISORY_LOCK_SHARED", "PG_TRY_ADVISORY_LOCK",
      "PG_TRY_ADVISORY_LOCK_SHARED"};
  if (token == ";") return end_statement();
  if (first_.empty()) {
    see_first(token);
  } else if (previous_ == "SET" && first_ == previous_) {
    found_ = found_ || !is_one_of(token, kLocalForms);
  } else if (previous_ == "DISCARD" && first_ == previous_) {
    found_ = found_ || token == "ALL";  // settings with it; the rest only takes away
  } else if ((token == "TEMP" || token == "TEMPORARY") && is_one_of(previous_, kBeforeTemp)) {
    table_ = table_ || first_ != "INSERT";
  } else if (previous_ == "COMMIT" && token == "DROP") {
    table_ = false;
  } else if (previous_ == "WITH" && token == "HOLD") {
    found_ = true;
  } else if (setting_ && (token == "TRUE" || token == "FALSE")) {
    found_ = found_ || token == "FALSE";
    setting_ = false;
  }
  if (token == "SET_CONFIG") {
    found_ = found_ || setting_;
    setting_ = true;
  }
  found_ = found_ || (token.starts_with("PG_") && is_one_of(token, kAnywhere));
  previous_ = token;
}

void SessionTraces::see_first(std::string_view token) {
  static constexpr std::array<std::string_view, 7> kAlways{"CALL",    "DO",    "LISTEN",  "LOAD",
                                                           "PREPARE", "RESET", "UNLISTEN"};
  found_ = found_ || is_one_of(token, kAlways);
  first_ = token;
}

void SessionTraces::end_statement() {
  found_ = found_ || table_ || setting_;
  table_ = setting_ = false;
  first_.clear();
}

bool SessionTraces::found() {
  end_statement();
  return found_;
}

}  // namespace aftercommit::detail
