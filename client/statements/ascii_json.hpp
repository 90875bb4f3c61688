/// JSON for databases whose encoding lacks characters that JSON has.
#pragma once

#include <string>
#include <string_view>

namespace aftercommit::detail {

/// The same JSON with every character beyond ASCII, which only strings can hold, written as \uXXXX.  `json`
/// is UTF-8.
std::string ascii_json(std::string_view json);

}  // namespace aftercommit::detail
