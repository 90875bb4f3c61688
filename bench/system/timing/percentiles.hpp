/// Medians and the like.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace aftercommit::bench {

/// {"p50_ms", "p99_ms"} of so many nanoseconds, at least one.
nlohmann::json percentiles(std::vector<std::int64_t> ns);

}  // namespace aftercommit::bench
