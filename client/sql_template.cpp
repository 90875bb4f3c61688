#include "client/sql_template.hpp"

#include <algorithm>
#include <cassert>

namespace aftercommit::detail {

SqlTemplate::SqlTemplate(std::string_view text) {
  std::vector<std::string_view> names;
  std::vector<std::string> parameters;
  while (true) {
    const auto open = text.find('{');
    const auto close = open == text.npos ? text.npos : text.find('}', open);
    if (close == text.npos) break;
    const auto name = text.substr(open + 1, close - open - 1);
    const auto known = std::ranges::find(names, name);
    value_of_.push_back(static_cast<std::size_t>(known - names.begin()));
    if (known == names.end()) {
      names.push_back(name);
      parameters.push_back("$" + std::to_string(names.size()));
    }
    pieces_.emplace_back(text.substr(0, open));
    text.remove_prefix(close + 1);
  }
  pieces_.emplace_back(text);
  append_to(with_parameters_, parameters);
}

void SqlTemplate::append_to(std::string& out, std::span<const std::string> values) const {
  assert(value_of_.empty() || *std::ranges::max_element(value_of_) + 1 == values.size());
  out += pieces_.front();
  for (std::size_t i = 0; i < value_of_.size(); ++i) out.append(values[value_of_[i]]).append(pieces_[i + 1]);
}

}  // namespace aftercommit::detail
