/// What may be declared as a periodic task.
#pragma once

#include <string>

#include "aftercommit/periodic.hpp"

namespace aftercommit::detail {

/// Throws UsageError.  `app`: the name of the one that declares it.
void check_periodic(const PeriodicEntry& periodic, const std::string& app);

}  // namespace aftercommit::detail
