/// The statement that inserts the durable jobs of a transaction, and what errors say of them.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "client/statements/statements.hpp"
#include "client/transaction/commit_hooks.hpp"

namespace aftercommit::detail {

/// The values of Statements::insert_row, as SQL.  The envelope is quoted already; a countdown counts from
/// when it was asked for.
std::vector<std::string> job_row(const PendingJob& job, std::chrono::steady_clock::time_point now,
                                 std::string envelope);

/// All that have no row yet in one INSERT, appended to the message that ends in COMMIT.  For `writer` see
/// CommitMessage.
template <class Writer>
void append_durable_jobs(std::string& message, const Statements& statements,
                         const std::vector<const PendingJob*>& jobs, Writer& writer) {
  const auto now = std::chrono::steady_clock::now();
  const auto row = [&](const PendingJob& job) {
    return job_row(job, now, writer.quote(job.outgoing.payload));
  };
  if (jobs.size() == 1) {
    if (jobs.front()->row_is_written) return;
    writer.append(message, {&statements.insert_job, row(*jobs.front())});
    return;
  }
  std::string rows;
  for (const auto* job : jobs) {
    if (job->row_is_written) continue;
    if (!rows.empty()) rows += ',';
    statements.insert_row.append_to(rows, row(*job));
  }
  if (!rows.empty()) statements.insert_jobs.append_to(message, {{rows}});
}

/// "the durable job of task 'x'", "the 7 durable jobs of the tasks 'x', 'y'": for errors.  Not of none.
std::string in_words(const std::vector<const PendingJob*>& jobs);

}  // namespace aftercommit::detail
