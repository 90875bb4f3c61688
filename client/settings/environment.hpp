/// The settings that an App takes from the environment.
#pragma once

#include <string>
#include <string_view>

#include "aftercommit/app.hpp"

namespace aftercommit::detail {

/// Fills what is empty: the Redis URL from REDIS_URL; the databases, when there are none, from DATABASE_URL
/// and DATABASE_URL_<ALIAS>.  A database given without a URL takes the URL of its alias.
void fill_from_environment(AppOptions& options);

/// The variable that holds the URL of a database: DATABASE_URL_REPORTS for "reports".
std::string variable_of(std::string_view alias);

}  // namespace aftercommit::detail
