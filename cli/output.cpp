#include "cli/output.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <limits>

#include "base/text/text.hpp"

namespace aftercommit::cli {

void print_json(const operate::Json& document) {
  std::cout << document.dump(2, ' ', true, operate::Json::error_handler_t::replace) << '\n';
}

void print_json_line(const operate::Json& document) {
  std::cout << document.dump(-1, ' ', true, operate::Json::error_handler_t::replace) << std::endl;
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

void print_field(std::string_view name, std::string_view value, std::size_t limit) {
  constexpr std::size_t kColumn = 14;
  if (value.empty()) return;
  std::cout << name << std::string(name.size() < kColumn ? kColumn - name.size() : 1, ' ')
            << one_line(value, limit) << '\n';
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

void Table::print() const { std::cout << str(colours_wanted(STDOUT_FILENO)); }

std::string Table::str(bool coloured) const {
  constexpr std::size_t kHeadings = std::numeric_limits<std::size_t>::max();
  std::string all;
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto width = columns_[i].heading.size();
    for (const auto& row : rows_) width = std::max(width, row[i].size());
    widths.push_back(width);
  }
  const auto colour_of = [&](std::size_t row, std::size_t column) {
    if (!coloured) return Colour::kNone;
    if (row == kHeadings) return Colour::kBold;
    const auto found = colours_.find({row, column});
    return found == colours_.end() ? Colour::kNone : found->second;
  };
  const auto line = [&](std::size_t row, const auto& cell) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& value = cell(i);
      const std::string room(widths[i] - value.size(), ' ');
      const auto shown = painted(value, colour_of(row, i));
      if (i > 0) text += "  ";
      text += columns_[i].align == Align::kRight ? room + shown : shown + room;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    all.append(text).append(1, '\n');
  };
  line(kHeadings, [&](std::size_t i) -> const std::string& { return columns_[i].heading; });
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    line(row, [&](std::size_t i) -> const std::string& { return rows_[row][i]; });
  }
  return all;
}

}  // namespace aftercommit::cli
