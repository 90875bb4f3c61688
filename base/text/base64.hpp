/// Bytes as text that JSON can carry: base64 of RFC 4648, section 4, with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aftercommit {

std::string to_base64(std::string_view bytes);

/// Nothing for any text that to_base64 would not have written.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace aftercommit
