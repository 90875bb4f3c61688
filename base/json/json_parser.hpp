/// Parses JSON from strangers.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <variant>

#include "base/json/json_limits.hpp"
#include "base/text/malformed.hpp"

namespace aftercommit {

inline constexpr int kJsonDepthMax = 80;  ///< the deepest that JsonLimits may allow here

/// One pass; stops at the first value beyond `limits`, before it takes any memory.  Stricter than JSON: an
/// object names no member twice, and a whole number fits int64 or uint64, so none is ever rounded.
/// Never throws for bad input.
std::variant<nlohmann::json, Malformed> parse_json(std::string_view text, JsonLimits limits);

/// The values below `value`, at all levels.  Recurses: for trees of bounded depth.
std::size_t count_values(const nlohmann::json& value) noexcept;

}  // namespace aftercommit
