/// Durable jobs that are so many that their rows go by COPY.
#pragma once

#include <string>
#include <vector>

#include "client/transaction/durable_insert.hpp"

namespace aftercommit::detail {

class Connection;
struct Statements;

struct CopiedAndOthers {
  std::vector<const PendingJob*> copied, others;
};

/// Which of these are to be copied: all that have no countdown, which the server's clock alone can add to;
/// and none where they are few, as COPY takes messages of its own.  Those that have a row are in neither.
CopiedAndOthers divide(PendingJobs jobs);

/// Makes them rows of the open transaction.  Few of them lie in memory once more.  Throws what
/// Connection::exec does.
void copy_jobs(Connection& connection, const Statements& statements, PendingJobs jobs);
/// False where policies decide over rows of the table, for which there is no COPY.
bool may_copy_jobs(Connection& connection, const Statements& statements);

/// A line of it.
void append_copy_line(std::string& text, const PendingJob& job);

}  // namespace aftercommit::detail
