#include "client/statements/sql_scanner.hpp"

#include <algorithm>
#include <cctype>

namespace aftercommit::detail {
namespace {

using Kind = SqlToken::Kind;

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_of_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

char capital(char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); }

}  // namespace

SqlToken SqlScanner::next() {
  skip_blanks_and_comments();
  if (at_ >= sql_.size()) return {};
  const char c = sql_[at_];
  if (c == '\'') {
    skip_quoted('\'', false);
    return {Kind::kString};
  }
  if (c == '"') return {Kind::kName, quoted_name()};
  if (c == '$') return dollar();
  if (!is_of_word(c)) {
    ++at_;
    return {Kind::kSign, std::string(1, c)};
  }
  if (capital(c) == 'E' && at(1) == '\'') {
    ++at_;
    skip_quoted('\'', true);
    return {Kind::kString};
  }
  if (capital(c) == 'U' && at(1) == '&' && at(2) == '"') {
    at_ += 2;
    skip_quoted('"', false);
    return {Kind::kEscapedName};
  }
  return {Kind::kWord, word()};
}

void SqlScanner::skip_blanks_and_comments() {
  while (at_ < sql_.size()) {
    if (is_blank(sql_[at_])) {
      ++at_;
    } else if (starts_with("--")) {
      at_ = std::min(sql_.find_first_of("\r\n", at_), sql_.size());
    } else if (starts_with("/*")) {
      skip_comment();
    } else {
      return;
    }
  }
}

void SqlScanner::skip_comment() {
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

void SqlScanner::skip_quoted(char quote, bool backslashes) {
  for (++at_; at_ < sql_.size(); ++at_) {
    if (backslashes && sql_[at_] == '\\') {
      ++at_;
    } else if (sql_[at_] == quote) {
      if (at(1) != quote) break;
      ++at_;  // doubled: stands for itself
    }
  }
  at_ = std::min(at_ + 1, sql_.size());
}

std::string SqlScanner::word() {
  std::string result;
  // A dollar sign inside a word belongs to it: a$b$c is one name, no quote.
  while (at_ < sql_.size() && (is_of_word(sql_[at_]) || sql_[at_] == '$')) result += capital(sql_[at_++]);
  return result;
}

std::string SqlScanner::quoted_name() {
  const auto begin = at_ + 1;
  skip_quoted('"', false);
  std::string result{sql_.substr(begin, at_ - begin)};
  if (!result.empty() && result.back() == '"') result.pop_back();
  std::ranges::transform(result, result.begin(), capital);
  return result;
}

SqlToken SqlScanner::dollar() {
  std::size_t end = at_ + 1;
  while (end < sql_.size() && is_of_word(sql_[end])) ++end;
  const bool opens = end < sql_.size() && sql_[end] == '$' &&
                     (end == at_ + 1 || std::isdigit(static_cast<unsigned char>(sql_[at_ + 1])) == 0);
  if (!opens) {  // a parameter like $1
    at_ = end;
    return {Kind::kSign, "$"};
  }
  const auto tag = sql_.substr(at_, end + 1 - at_);
  const auto close = sql_.find(tag, end + 1);
  at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
  return {Kind::kString};
}

}  // namespace aftercommit::detail
