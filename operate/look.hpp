/// Looks that cost a server little, whatever it holds.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include "aftercommit/database.hpp"

namespace aftercommit::operate {

/// What one look may cost.  The defaults are for a person who waits; a page that is open all day asks for
/// less.
struct LookBounds {
  std::size_t rows = 100'000;                 ///< looked at in all; then it says where it has stopped
  std::chrono::milliseconds statement{2000};  ///< the longest that PostgreSQL may be at one statement
};

/// Runs `body` in a read-only transaction, each statement of which PostgreSQL ends after so long: then
/// DatabaseUnavailable, so that the other servers are looked at all the same.
void look_briefly(Database& database, std::chrono::milliseconds longest, const std::function<void()>& body);

}  // namespace aftercommit::operate
