/// The one JSON form of what an operator sees: the command prints it, and whatever else shows it sends it.
#pragma once

#include <nlohmann/json.hpp>

namespace aftercommit::operate {

/// In the order in which it is written, for people to read.
using Json = nlohmann::ordered_json;

}  // namespace aftercommit::operate
