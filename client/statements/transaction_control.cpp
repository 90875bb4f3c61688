#include "client/statements/transaction_control.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "client/statements/session_traces.hpp"
#include "client/statements/sql_scanner.hpp"

namespace aftercommit::detail {
std::string transaction_control_in(std::string_view sql, bool* leaves_traces) {
  static constexpr std::array<std::string_view, 8> kKeywords{"ABORT",   "BEGIN",    "COMMIT",    "END",
                                                             "RELEASE", "ROLLBACK", "SAVEPOINT", "START"};
  SqlScanner scanner{sql};
  SessionTraces traces;
  std::string first;     // word of this statement; empty at its start
  std::string previous;  // word
  int body = 0;  // BEGIN ATOMIC and CASE not yet ended: the semicolons of a function's body end no statement
  for (auto token = scanner.next(); token.kind != SqlToken::Kind::kEnd; token = scanner.next()) {
    traces.see(token);
    const bool ends = token.is_sign(";");
    if (!ends && token.kind != SqlToken::Kind::kWord) continue;
    auto& word = token.text;
    if (body > 0) {
      body += word == "CASE" ? 1 : word == "END" ? -1 : 0;
    } else if (ends) {
      first.clear();
    } else if (first.empty()) {
      if (std::ranges::find(kKeywords, word) != kKeywords.end()) return word;
      first = word;
    } else if (first == "PREPARE" && previous == first && word == "TRANSACTION") {
      return "PREPARE TRANSACTION";
    } else if (first == "COPY" && (word == "STDIN" || word == "STDOUT")) {
      return first;
    } else if (first == "CREATE" && previous == "BEGIN" && word == "ATOMIC") {
      body = 1;
    }
    previous = std::move(word);
  }
  if (leaves_traces != nullptr) *leaves_traces = traces.found();
  return {};
}

bool may_drop_plans(std::string_view sql) {
  SqlScanner scanner{sql};
  bool first = true;  // word of a statement
  for (auto token = scanner.next(); token.kind != SqlToken::Kind::kEnd; token = scanner.next()) {
    const bool ends = token.is_sign(";");
    if (!ends && token.kind != SqlToken::Kind::kWord) continue;
    const auto& word = token.text;
    if (first && (word == "DEALLOCATE" || word == "DISCARD" || word == "DO")) return true;
    first = ends;
  }
  return false;
}

}  // namespace aftercommit::detail
