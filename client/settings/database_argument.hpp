/// The value of an option --database.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace aftercommit::detail {

/// Alias and URL of "reports=postgresql://..."; of anything else that is a URL, the alias default.  The URL
/// may be of libpq's form keyword=value in both, so no alias of this form is called like one of its keywords.
std::pair<std::string, std::string> parse_database_argument(std::string_view text);

}  // namespace aftercommit::detail
