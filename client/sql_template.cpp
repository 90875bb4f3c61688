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

void SqlTemplate::append_to(std::string& out, std::span<const std::string> values) const {
  assert(values.size() + 1 == pieces_.size());
  auto piece = pieces_.begin();
  out += *piece;
  for (const auto& value : values) out.append(value).append(*++piece);
}

std::string SqlTemplate::with_parameters() const {
  std::vector<std::string> parameters;
  for (std::size_t i = 1; i < pieces_.size(); ++i) parameters.push_back("$" + std::to_string(i));
  std::string out;
  append_to(out, parameters);
  return out;
}

}  // namespace aftercommit::detail
