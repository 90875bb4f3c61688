/// Which rows of a job table are jobs, and what becomes of those that are none.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "aftercommit/database.hpp"
#include "aftercommit/priority.hpp"
#include "client/job_table/job_table.hpp"

namespace aftercommit::worker {

/// Why a row is no job.
struct RowFlaw {
  std::string reason;
};

/// Anybody may write rows.  Of one that is a job, its level; also of a job that only other workers can read,
/// as they have a greater `payload_limit` than this one or are of a later version.
std::variant<Priority, RowFlaw> judge_row(const detail::JobRow& row, std::size_t payload_limit);

/// Makes it a dead letter, so that it does not come back again and again; `by` is who has found it, for the
/// letter.  Throws what Database does.
void bury_row(Database& database, const detail::JobRow& row, const std::string& reason,
              const std::string& by);

}  // namespace aftercommit::worker
