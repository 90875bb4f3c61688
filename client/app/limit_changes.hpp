/// Limits that are changed while workers run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/app/app_core.hpp"

namespace aftercommit::detail {

/// What has become of a call.
struct LimitChange {
  bool changed = false;               ///< false: it was so before
  std::vector<std::string> places{};  ///< aliases of the databases that know the limit
};

/// `most`: nothing: as declared.  In all databases that know it.  Throws UsageError where none does, or for a
/// number that is out of range; ConfigError where the tables of all are too old, else what Database does.
LimitChange change_limit(AppCore& app, const std::string& name, std::optional<int> most);

}  // namespace aftercommit::detail
