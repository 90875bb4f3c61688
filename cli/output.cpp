#include "cli/output.hpp"

#include <algorithm>
#include <array>
#include <iostream>

#include "base/text/text.hpp"

namespace aftercommit::cli {

void print_json(const operate::Json& document) {
  std::cout << document.dump(2, ' ', true, operate::Json::error_handler_t::replace) << '\n';
}

void warn(const std::string& warning) { std::cerr << "aftercommit: warning: " << warning << '\n'; }

std::string one_line(std::string_view text, std::size_t limit) {
  std::string line;
  for (const char character : clean_text(text, limit)) {  // which leaves these two
    if (character == '\n') {
      line += "\\n";
    } else if (character == '\t') {
      line += "\\t";
    } else {
      line += character;
    }
  }
  return line + (text.size() > limit ? "..." : "");
}

std::string span(std::chrono::milliseconds time) {
  constexpr std::array<std::pair<std::int64_t, std::string_view>, 4> kUnits{
      {{86'400'000, " d"}, {3'600'000, " h"}, {60'000, " min"}, {1000, " s"}}};
  const auto ms = std::max<std::int64_t>(time.count(), 0);
  for (const auto& [length, unit] : kUnits) {
    if (ms >= length) return std::to_string(ms / length).append(unit);
  }
  return std::to_string(ms) + " ms";
}

std::string count_of(std::size_t count, std::string_view thing) {
  return (std::to_string(count) + " ").append(thing) + (count == 1 ? "" : "s");
}

void Table::print() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto width = columns_[i].heading.size();
    for (const auto& row : rows_) width = std::max(width, row[i].size());
    widths.push_back(width);
  }
  const auto line = [&](const auto& cell) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& value = cell(i);
      const std::string room(widths[i] - value.size(), ' ');
      if (i > 0) text += "  ";
      text += columns_[i].align == Align::kRight ? room + value : value + room;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    std::cout << text << '\n';
  };
  line([&](std::size_t i) -> const std::string& { return columns_[i].heading; });
  for (const auto& row : rows_) {
    line([&](std::size_t i) -> const std::string& { return row[i]; });
  }
}

}  // namespace aftercommit::cli
