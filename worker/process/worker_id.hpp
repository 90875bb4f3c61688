/// The name of a running worker.
#pragma once

#include "broker/contract/names.hpp"

namespace aftercommit::worker {

/// New at every start: a restarted worker must not be taken for the one that died.  Host, process id and
/// random digits, 50 bytes at most.
WorkerId make_worker_id();

}  // namespace aftercommit::worker
