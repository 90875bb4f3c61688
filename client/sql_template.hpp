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
