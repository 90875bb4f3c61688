/// SQL that is sent in one message with other statements, where parameters cannot go.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace aftercommit::detail {

/// A text with places such as {id}.
class SqlTemplate {
 public:
  explicit SqlTemplate(std::string_view text);

  /// The text with `values` in its places, in their order.  The caller quotes what is not a number, a UUID or
  /// a valid name.
  void append_to(std::string& out, std::initializer_list<std::string_view> values) const;
  std::string fill(std::initializer_list<std::string_view> values) const;

 private:
  std::vector<std::string> pieces_;  // before, between and after the places
};

}  // namespace aftercommit::detail
