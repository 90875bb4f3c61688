/// What the library of test_tasks_periodic.cpp declares, for it and for the tests beside it.
#pragma once

#include <chrono>

#include "aftercommit/aftercommit.hpp"

namespace aftercommit::support {

/// Due at full hours, so that nothing happens by itself in a test: it sets the next tick back in the table.
struct PeriodicTasks {
  App& app;  // not owned

  /// Notes its tick, in seconds since 1970, as a value of the table effect.
  Task<long> mark = app.task<long>("mark");
  Periodic hourly = app.periodic("hourly", every(std::chrono::hours{1}), mark, 7L);
};

}  // namespace aftercommit::support
