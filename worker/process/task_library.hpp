/// Loads the shared library that holds an application's tasks.
#pragma once

#include <string>

#include "aftercommit/app.hpp"

namespace aftercommit::worker {

/// The App of the library at `path`, its tasks defined.  The library stays loaded for the life of the
/// process. Throws UsageError: not found, writable for others, not a task library, built for another version,
/// or failing.
App& load_task_library(const std::string& path);

}  // namespace aftercommit::worker
