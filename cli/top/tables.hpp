/// The tables of `top`, one for each tab.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/colour.hpp"
#include "cli/top/view.hpp"

namespace aftercommit::cli {

struct Line {
  std::string text;
  Colour colour = Colour::kNone;
};

/// Both for a screen of `width` columns, of 80 at least.
Line headings(Tab tab, std::size_t width);
std::vector<Line> table_of(const View& view, const Snapshot& snapshot, std::size_t width);

/// Said where the table has no lines.
const char* nothing_in(Tab tab);

}  // namespace aftercommit::cli
