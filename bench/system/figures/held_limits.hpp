/// How well several workers hold limits.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/system/workers/setting.hpp"

namespace aftercommit::bench {

/// Of bench/held_limits.py: jobs of a rate and jobs of keys, for so many seconds.  In each second how many
/// started, and how many ran at once; in all the most starts in any second, and the rate.
nlohmann::json held_limits(const Setting& setting);

}  // namespace aftercommit::bench
