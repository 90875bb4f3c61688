/// The statement that inserts the durable jobs of a transaction, and what errors say of them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client/statements/statements.hpp"
#include "client/transaction/commit_hooks.hpp"

namespace aftercommit::detail {

/// Not owned.
using PendingJobs = std::span<const PendingJob* const>;

/// How many of these, from the first on, go in one statement: 10,000, or 4 MiB of them, so that many jobs do
/// not lie in memory several times over.  At least one, of any.
std::size_t jobs_of_one_statement(PendingJobs jobs);

/// The values of Statements::insert_job, as SQL.  `envelope`: quoted already.  A countdown counts from when
/// the job was asked for.
std::vector<std::string> job_row(const PendingJob& job, std::chrono::steady_clock::time_point now,
                                 std::string envelope);
/// The same of at least one, for Statements::insert_jobs, but that the last is still to be quoted; without
/// those that have a row already.
std::vector<std::string> job_rows(PendingJobs jobs, std::chrono::steady_clock::time_point now);

/// All that have no row yet in one INSERT, appended to a message.  For `writer` see CommitMessage.
template <class Writer>
void append_durable_jobs(std::string& message, const Statements& statements, PendingJobs jobs,
                         Writer& writer) {
  if (std::ranges::all_of(jobs, &PendingJob::row_is_written)) return;
  const auto now = std::chrono::steady_clock::now();
  if (jobs.size() == 1) {
    const auto& job = *jobs.front();
    writer.append(message, {&statements.insert_job, job_row(job, now, writer.quote(job.outgoing.payload))});
    return;
  }
  auto values = job_rows(jobs, now);
  values.back() = writer.quote(values.back());
  statements.insert_jobs.append_to(message, values);  // with a plan a session would keep the whole message
}

/// "the durable job of task 'x'", "the 7 durable jobs of the tasks 'x', 'y'": for errors.  Not of none.
std::string in_words(PendingJobs jobs);

}  // namespace aftercommit::detail
