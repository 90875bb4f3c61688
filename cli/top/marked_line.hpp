/// The line that a key acts on: it stays the same one while the lines move.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/top/view.hpp"

namespace aftercommit::cli {

/// What the lines of the tab are known by: a name or an id, in their order.
std::vector<std::string> names_in(const View& view, const Snapshot& snapshot);

/// Where the marked one stands now; the one that has come to its place where it is gone.  Nothing: no lines.
std::optional<std::size_t> marked(View& view, const std::vector<std::string>& names);

/// Goes on by so many lines, at most to the first or the last.
void mark(View& view, const std::vector<std::string>& names, std::ptrdiff_t step);

}  // namespace aftercommit::cli
