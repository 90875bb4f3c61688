/// The sessions that a worker has at the databases: they carry its name, so that who takes over its jobs can
/// end exactly these.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "aftercommit/app.hpp"
#include "broker/contract/names.hpp"

namespace aftercommit::detail {

/// Ends the worker's sessions on one database, so that what it had not committed is rolled back and its locks
/// are free; answers how many there were.  A worker that was only stopped finds its connections lost.  Needs
/// the role of the worker, or pg_signal_backend.  Throws what Database does.
std::size_t end_backends(Database& database, const WorkerId& worker);

/// Who has a job locked.
struct Holder {
  WorkerId worker;
  std::chrono::milliseconds silent{0};  ///< none of its sessions there has done anything for so long
};

/// The worker whose transaction has the row of this job locked right now; nothing if none has.
std::optional<Holder> holder_of(Database& database, const JobId& job);

/// Does something on a session, so that this worker is not taken for silent.
void show_life(Database& database);

}  // namespace aftercommit::detail
