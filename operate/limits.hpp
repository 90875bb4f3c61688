/// The limits of all databases, and what an operator makes of one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/app/limit_changes.hpp"
#include "client/job_table/limits.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

struct KnownLimit {
  std::string database;  ///< alias
  detail::LimitRow row;
};

/// By database, then by name.  ConfigError where the tables of one are too old for limits, else throws what
/// Servers::stores() does; UsageError where there is no database.
std::vector<KnownLimit> limits(Servers& servers);

/// As App::set_limit of an app that has these servers; `most`: nothing: as declared.
detail::LimitChange change_limit(Servers& servers, const std::string& name, std::optional<int> most);

Json in_json(const std::vector<KnownLimit>& limits);

}  // namespace aftercommit::operate
