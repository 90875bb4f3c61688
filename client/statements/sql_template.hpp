/// SQL that is sent in one message with other statements, where parameters cannot go.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aftercommit::detail {

/// As a literal; for what has neither quotes nor backslashes, such as a number, a UUID or a valid name.
inline std::string literal(std::string_view text) { return std::string{"'"}.append(text).append(1, '\''); }

/// The same for any text but one with a NUL byte.
std::string text_literal(std::string_view text);

/// `sql` with {schema} replaced by the quoted identifier and {schema_name} by the quoted literal of `schema`;
/// other places in braces stay.  Any name is harmless, except in a comment of `sql`, where neither may stand.
/// Throws ConfigError for a name that no schema can have: 1 to 63 bytes of UTF-8, no braces, no control
/// characters.
std::string in_schema(std::string_view sql, std::string_view schema);

/// A text with places such as {id}, of which each name has one value, however often it stands there.
/// Constant after construction.
class SqlTemplate {
 public:
  explicit SqlTemplate(std::string_view text);

  /// The text with `values`, which are SQL: one for each name, in the order in which they first stand there.
  void append_to(std::string& out, std::span<const std::string> values) const;
  /// The text with $1, $2 ... for the names.
  const std::string& with_parameters() const noexcept { return with_parameters_; }

 private:
  std::vector<std::string> pieces_;    // before, between and after the places
  std::vector<std::size_t> value_of_;  // for each place
  std::string with_parameters_;
};

}  // namespace aftercommit::detail
