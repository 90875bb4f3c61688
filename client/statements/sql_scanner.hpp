/// SQL text, word by word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aftercommit::detail {

struct SqlToken {
  enum class Kind : std::uint8_t {
    kEnd,          ///< of the text
    kWord,         ///< a keyword, a name, a number; in capitals
    kName,         ///< in double quotes; in capitals too, and without the quotes
    kEscapedName,  ///< U&"...", which may mean anything
    kString,       ///< whatever its quotes; without what it holds
    kSign,         ///< any other character: ";" and "(", "$" for a parameter
  };
  Kind kind = Kind::kEnd;
  std::string text{};

  bool is_word(std::string_view word) const { return kind == Kind::kWord && text == word; }
  bool is_sign(std::string_view sign) const { return kind == Kind::kSign && text == sign; }
};

/// Reads SQL as the server does with standard_conforming_strings on.
class SqlScanner {
 public:
  explicit SqlScanner(std::string_view sql) : sql_{sql} {}

  /// Blanks and comments are passed over.
  SqlToken next();

 private:
  char at(std::size_t ahead) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }
  bool starts_with(std::string_view text) const { return sql_.substr(at_).starts_with(text); }
  void skip_blanks_and_comments();
  void skip_comment();
  void skip_quoted(char quote, bool backslashes);
  std::string word();
  std::string quoted_name();
  SqlToken dollar();

  std::string_view sql_;
  std::size_t at_ = 0;
};

}  // namespace aftercommit::detail
