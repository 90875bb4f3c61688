/// The one JSON form of what an operator sees: the command prints it, and whatever else shows it sends it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace aftercommit::operate {

/// In the order in which it is written, for people to read.
using Json = nlohmann::ordered_json;

inline Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

}  // namespace aftercommit::operate
