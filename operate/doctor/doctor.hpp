/// A visit to all servers: are they set up so that the promises hold?
#pragma once

#include <cstddef>
#include <optional>

#include "operate/doctor/diagnosis.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

struct DoctorOptions {
  std::optional<std::size_t> processes{};  ///< of workers; empty: those that hold a lease
  std::size_t concurrency = 8;             ///< of each of them, as far as they do not tell
};

/// Looks at Redis, at each database and at this machine, and judges what is there.  A server that does not
/// answer, or refuses, is a danger, and the others are looked at all the same.  Changes nothing; a few dozen
/// statements that read catalogs and statistics, whatever the number of jobs.  ConfigError where a setting of
/// ours is none, such as a URL.
Examination examine(Servers& servers, const DoctorOptions& options);

}  // namespace aftercommit::operate
