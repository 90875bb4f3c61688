/// Writes compact JSON at the end of a string.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/json/json_limits.hpp"

namespace aftercommit {

/// Quoted and escaped.  Throws PayloadError where `text` is not UTF-8.
void append_json_string(std::string& out, std::string_view text);

/// The same for text that must get through: bytes that are not UTF-8 become U+FFFD.
void append_json_string_lossy(std::string& out, std::string_view text);

void append_json_integer(std::string& out, std::int64_t value);

/// The shortest digits that read back as the same double.  Throws PayloadError for NaN and infinity.
void append_json_double(std::string& out, double value);

/// Throws PayloadError where the value is no JSON (binary, not finite, not UTF-8) or goes beyond `limits`.
void append_json_value(std::string& out, const nlohmann::json& value, JsonLimits limits);

}  // namespace aftercommit
