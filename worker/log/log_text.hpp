/// What of a job's trouble may be shown in a log.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace aftercommit::worker {

/// The first line of a reason, its job's arguments masked: what follows in an error of PostgreSQL quotes
/// rows.
std::string for_log(std::string_view reason, const nlohmann::json& args);

}  // namespace aftercommit::worker
