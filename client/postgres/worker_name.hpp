/// The name by which the sessions of a worker can be told from others.
#pragma once

#include <string>

#include "aftercommit/database.hpp"
#include "broker/contract/names.hpp"

namespace aftercommit::detail {

/// The application_name of a worker's sessions.  PostgreSQL keeps 63 bytes of it: worker ids are shorter.
std::string application_name_of(const WorkerId& worker);

/// Whether sessions with these options are a worker's.
bool is_worker_session(const DatabaseOptions& options);

}  // namespace aftercommit::detail
