#include "client/sql_template.hpp"

#include <cassert>

namespace aftercommit::detail {

SqlTemplate::SqlTemplate(std::string_view text) {
  while (true) {
    const auto open = text.find('{');
    const auto close = open == text.npos ? text.npos : text.find('}', open);
    if (close == text.npos) break;
    pieces_.emplace_back(text.substr(0, open));
    text.remove_prefix(close + 1);
  }
  pieces_.emplace_back(text);
}

void SqlTemplate::append_to(std::string& out, std::initializer_list<std::string_view> values) const {
  assert(values.size() + 1 == pieces_.size());
  auto piece = pieces_.begin();
  out += *piece;
  for (const auto value : values) out.append(value).append(*++piece);
}

std::string SqlTemplate::fill(std::initializer_list<std::string_view> values) const {
  std::string out;
  append_to(out, values);
  return out;
}

}  // namespace aftercommit::detail
