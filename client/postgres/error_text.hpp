/// What of a database's error may be shown: no rows.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace aftercommit::detail {

/// What it says.  An exception of the application's own may have no text at all, not even an empty one: then
/// its type.
std::string what_of(const std::exception& error);

/// The first line, without "ERROR:" or what that is in the language of the server: what follows it may quote
/// rows of the user's.
std::string first_line(std::string_view text);
std::string first_line(const std::exception& error);

/// Why libpq has no connection, from all that it said: its first line, and that of each further host which it
/// has tried.  It quotes the URL: see why_unreachable().
std::string reasons_of(std::string_view text);

}  // namespace aftercommit::detail
