/// SQL that is sent in one message with other statements, where parameters cannot go.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aftercommit::detail {

/// As a literal; for what has neither quotes nor backslashes, such as a number, a UUID or a valid name.
inline std::string literal(std::string_view text) { return std::string{"'"}.append(text).append(1, '\''); }

/// A text with places such as {id}.
class SqlTemplate {
 public:
  explicit SqlTemplate(std::string_view text);

  /// The text with `values`, which are SQL, in its places, in their order.
  void append_to(std::string& out, std::span<const std::string> values) const;
  /// The text with $1, $2 ... in its places: each is a parameter of its own.
  std::string with_parameters() const;

 private:
  std::vector<std::string> pieces_;  // before, between and after the places
};

}  // namespace aftercommit::detail
