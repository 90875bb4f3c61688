/// What `worker --python-tasks` prints.
#pragma once

#include <string>

#include "aftercommit/app.hpp"

namespace aftercommit::worker {

/// A module of Python with each task of the app: typed, and with what who asks for jobs has to say of them.
/// Asks no server.
std::string python_tasks(App& app);

}  // namespace aftercommit::worker
