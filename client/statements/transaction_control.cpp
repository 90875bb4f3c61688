#include "client/statements/transaction_control.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "client/statements/session_traces.hpp"

namespace aftercommit::detail {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Walks over SQL text one token at a time.
class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_{sql} {}

  /// The next word in capitals, or ";"; empty at the end.  Everything else is passed over.
  std::string next() {
    while (at_ < sql_.size()) {
      const char c = sql_[at_];
      if (c == ';') {
        ++at_;
        return ";";
      }
      if (starts_with("--")) {
        at_ = std::min(sql_.find_first_of("\r\n", at_), sql_.size());
      } else if (starts_with("/*")) {
        skip_comment();
      } else if (c == '\'') {
        skip_quoted('\'', false);
      } else if (c == '"') {
        skip_quoted('"', false);
      } else if (c == '$') {
        skip_dollar();
      } else if (is_word(c)) {
        if ((c == 'E' || c == 'e') && at_ + 1 < sql_.size() && sql_[at_ + 1] == '\'') {
          ++at_;
          skip_quoted('\'', true);
        } else {
          return word();
        }
      } else {
        ++at_;
      }
    }
    return {};
  }

 private:
  bool starts_with(std::string_view text) const { return sql_.substr(at_).starts_with(text); }

  std::string word() {
    std::string result;
    // A dollar sign inside a word belongs to it: a$b$c is one name, no quote.
    while (at_ < sql_.size() && (is_word(sql_[at_]) || sql_[at_] == '$')) {
      result += static_cast<char>(std::toupper(static_cast<unsigned char>(sql_[at_++])));
    }
    return result;
  }

  void skip_quoted(char quote, bool backslashes) {
    for (++at_; at_ < sql_.size(); ++at_) {
      if (backslashes && sql_[at_] == '\\') {
        ++at_;
      } else if (sql_[at_] == quote) {
        if (at_ + 1 < sql_.size() && sql_[at_ + 1] == quote) {
          ++at_;  // doubled: stands for itself
        } else {
          break;
        }
      }
    }
    at_ = std::min(at_ + 1, sql_.size());
  }

  void skip_comment() {
    int depth = 0;  // comments nest in PostgreSQL
    while (at_ < sql_.size()) {
      if (starts_with("/*")) {
        ++depth;
        at_ += 2;
      } else if (starts_with("*/")) {
        at_ += 2;
        if (--depth == 0) return;
      } else {
        ++at_;
      }
    }
  }

  void skip_dollar() {
    std::size_t end = at_ + 1;
    while (end < sql_.size() && is_word(sql_[end])) ++end;
    const bool opens = end < sql_.size() && sql_[end] == '$' &&
                       (end == at_ + 1 || std::isdigit(static_cast<unsigned char>(sql_[at_ + 1])) == 0);
    if (!opens) {  // a parameter like $1
      at_ = end;
      return;
    }
    const auto tag = sql_.substr(at_, end + 1 - at_);
    const auto close = sql_.find(tag, end + 1);
    at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

}  // namespace

std::string transaction_control_in(std::string_view sql, bool* leaves_traces) {
  static constexpr std::array<std::string_view, 8> kKeywords{"ABORT",   "BEGIN",    "COMMIT",    "END",
                                                             "RELEASE", "ROLLBACK", "SAVEPOINT", "START"};
  Scanner scanner{sql};
  SessionTraces traces;
  std::string first;     // word of this statement; empty at its start
  std::string previous;  // token
  int body = 0;  // BEGIN ATOMIC and CASE not yet ended: the semicolons of a function's body end no statement
  for (std::string token = scanner.next(); !token.empty(); previous = std::exchange(token, scanner.next())) {
    traces.see(token);
    if (body > 0) {
      body += token == "CASE" ? 1 : token == "END" ? -1 : 0;
    } else if (token == ";") {
      first.clear();
    } else if (first.empty()) {
      if (std::ranges::find(kKeywords, token) != kKeywords.end()) return token;
      first = token;
    } else if (first == "PREPARE" && previous == first && token == "TRANSACTION") {
      return "PREPARE TRANSACTION";
    } else if (first == "COPY" && (token == "STDIN" || token == "STDOUT")) {
      return first;
    } else if (first == "CREATE" && previous == "BEGIN" && token == "ATOMIC") {
      body = 1;
    }
  }
  if (leaves_traces != nullptr) *leaves_traces = traces.found();
  return {};
}

bool may_drop_plans(std::string_view sql) {
  Scanner scanner{sql};
  bool first = true;  // word of a statement
  for (auto token = scanner.next(); !token.empty(); token = scanner.next()) {
    if (first && (token == "DEALLOCATE" || token == "DISCARD" || token == "DO")) return true;
    first = token == ";";
  }
  return false;
}

}  // namespace aftercommit::detail
