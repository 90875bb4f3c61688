/// What workers do with the marks of unique keys, which client/sql/functions/claim_unique.sql makes.
#pragma once

#include <cstddef>
#include <string>

#include "aftercommit/database.hpp"
#include "aftercommit/job_id.hpp"

namespace aftercommit::detail {

/// A worker has come to run a unique job and has found that callers hold it back, or that it runs: for a
/// while no further ones do.
void want_job(Database& database, const JobId& job);

/// Where the last look at the marks of a database has ended.
struct MarksSeen {
  bool there = false;  ///< the table is
  std::string last{};  ///< its key, in hex
  std::size_t seen = 0;
  std::size_t gone = 0;
  /// Whether so many of them held nothing that more are worth a look at once.
  bool worth_more() const noexcept { return gone * 10 > seen; }
};

/// Takes away those of the next thousand marks that hold nothing; begins anew behind the last.  So what lies
/// about is a small part of the marks that hold something, and a look at a table of any size costs the same.
/// Does nothing where the tables are older than unique jobs.
void purge_marks(Database& database, MarksSeen& marks);

}  // namespace aftercommit::detail
