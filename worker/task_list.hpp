/// What `worker --list-tasks` prints.
#pragma once

#include <string>

#include "aftercommit/app.hpp"

namespace aftercommit::worker {

/// Each task of the app with its options, and the countdowns that its policy will give a job.  Asks no
/// server.
std::string list_tasks(App& app);

}  // namespace aftercommit::worker
