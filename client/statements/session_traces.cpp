#include "client/statements/session_traces.hpp"

#include <algorithm>
#include <array>

namespace aftercommit::detail {
namespace {

using Kind = SqlToken::Kind;

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

void SessionTraces::see(const SqlToken& token) {
  static constexpr std::array<std::string_view, 3> kLocalForms{"LOCAL", "TRANSACTION", "CONSTRAINTS"};
  if (token.is_sign(";")) return end_statement();
  if (in_call_) see_in_call(token);
  const bool word = token.kind == Kind::kWord;
  if (first_ == "SET" && previous_ == first_) {
    found_ = found_ || !word || !is_one_of(token.text, kLocalForms);
  } else if (word) {
    see_word(token.text);
  }
  if (word || token.kind == Kind::kName) see_name(token.text);
  found_ = found_ || token.kind == Kind::kEscapedName;
  previous_.assign(word ? std::string_view{token.text} : std::string_view{});
}

void SessionTraces::see_word(std::string_view word) {
  static constexpr std::array<std::string_view, 5> kBeforeTemp{"CREATE", "REPLACE", "GLOBAL", "LOCAL",
                                                               "INTO"};
  updates_ = updates_ || word == "UPDATE" || word == "MERGE";
  if (first_.empty()) {
    see_first(word);
  } else if (previous_ == "DISCARD" && first_ == previous_) {
    found_ = found_ || word == "ALL";  // settings with it; the rest only takes away
  } else if ((word == "TEMP" || word == "TEMPORARY") && is_one_of(previous_, kBeforeTemp)) {
    table_ = table_ || first_ != "INSERT";
  } else if (previous_ == "COMMIT" && word == "DROP") {
    table_ = false;
  } else if (previous_ == "WITH" && word == "HOLD") {
    found_ = true;
  }
}

void SessionTraces::see_first(std::string_view word) {
  static constexpr std::array<std::string_view, 7> kAlways{"CALL",    "DO",    "LISTEN",  "LOAD",
                                                           "PREPARE", "RESET", "UNLISTEN"};
  found_ = found_ || is_one_of(word, kAlways);
  first_ = word;
}

/// Of a function, a table or a schema; quoted or not it is the same.
void SessionTraces::see_name(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kAnywhere{
      "PG_TEMP", "PG_ADVISORY_LOCK", "PG_ADVISORY_LOCK_SHARED", "PG_TRY_ADVISORY_LOCK",
      "PG_TRY_ADVISORY_LOCK_SHARED"};
  if (name == "SET_CONFIG") {
    found_ = found_ || in_call_;
    in_call_ = true;
    call_ = {};
  }
  if (!name.starts_with("PG_")) return;
  settings_ = settings_ || name == "PG_SETTINGS";  // a view whose rows an UPDATE sets
  // pg_temp_3: what pg_temp stands for in a session.
  found_ = found_ || is_one_of(name, kAnywhere) || name.starts_with("PG_TEMP_");
}

/// A setting is local if the third argument is the word "true" and nothing else.
void SessionTraces::see_in_call(const SqlToken& token) {
  const bool opens = token.is_sign("(");
  const bool closes = token.is_sign(")");
  if (call_.depth == 0 && !opens) {  // the name without a call: of what, nobody knows
    found_ = true;
    in_call_ = false;
  } else if (call_.depth == 1 && closes) {
    found_ = found_ || call_.argument != 2 || !call_.local;
    in_call_ = false;
  } else if (call_.depth == 1 && token.is_sign(",")) {
    ++call_.argument;
    call_.tokens = 0;
    call_.local = false;
  } else {
    call_.local = call_.tokens == 0 && token.is_word("TRUE");
    ++call_.tokens;
    call_.depth += opens ? 1 : closes ? -1 : 0;
  }
}

void SessionTraces::end_statement() {
  found_ = found_ || table_ || in_call_ || (updates_ && settings_);
  table_ = in_call_ = updates_ = settings_ = false;
  first_.clear();
  previous_.clear();
}

bool SessionTraces::found() {
  end_statement();
  return found_;
}

}  // namespace aftercommit::detail
