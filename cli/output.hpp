/// How the commands write: tables and times for people, JSON for programs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/colour.hpp"
#include "operate/json.hpp"

namespace aftercommit::cli {

/// One document, in ASCII, so that no text within can steer a terminal.
void print_json(const operate::Json& document);
/// The same in one line, for one of many.
void print_json_line(const operate::Json& document);

/// A setting of Redis that puts jobs at risk, on standard error.
void warn(const std::string& warning);

/// Foreign text in one line of at most `limit` bytes: no control character is left in it.
std::string one_line(std::string_view text, std::size_t limit);

/// "name          value" in one line of at most `limit` bytes of it, so that no text of others begins at the
/// margin; nothing where it is empty.
void print_field(std::string_view name, std::string_view value, std::size_t limit);

/// "850 ms", "12 s", "3 min", "5 h", "4 d": whole ones, rounded down.
std::string span(std::chrono::milliseconds time);

/// "1 job", "2 jobs"
std::string count_of(std::size_t count, std::string_view thing);

/// Rows under headings; numbers to the right.
class Table {
 public:
  enum class Align : std::uint8_t { kLeft, kRight };
  struct Column {
    std::string heading;
    Align align = Align::kRight;
  };

  explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }  ///< a cell for each column
  /// The cell of the last row in this column, where there are colours.
  void paint(std::size_t column, Colour colour) { colours_[{rows_.size() - 1, column}] = colour; }
  /// To standard output, in colours if that is a terminal.
  void print() const;
  /// Lines, the first of headings.
  std::string str(bool coloured) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::map<std::pair<std::size_t, std::size_t>, Colour> colours_;  // by row and column
};

}  // namespace aftercommit::cli
