/// What became of a commit whose answer was lost.
#pragma once

#include <cstdint>

#include "aftercommit/job_id.hpp"

namespace aftercommit::detail {

class DatabaseCore;

enum class CommitOutcome : std::uint8_t { kCommitted, kRolledBack, kUnknown };

/// Looks, on a new connection, for a durable job of the transaction, and for the backend that was committing
/// it: while that one is still at it the truth is open, so it waits for its end, a few seconds at most. A job
/// that is not there is no proof of a rollback, since it may have run by now: then kUnknown, unless the
/// transaction's id was learned from the backend.
CommitOutcome find_commit_outcome(DatabaseCore& database, const JobId& job, int backend) noexcept;

}  // namespace aftercommit::detail
