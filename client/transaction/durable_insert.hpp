/// The statement that inserts the durable jobs of a transaction, and what errors say of them.
#pragma once

#include <string>
#include <vector>

#include "client/postgres/connection.hpp"
#include "client/statements/statements.hpp"
#include "client/transaction/commit_hooks.hpp"

namespace aftercommit::detail {

/// All in one INSERT, appended to the message that ends in COMMIT; countdowns count from when they were asked
/// for.
void append_durable_jobs(std::string& message, const Statements& statements,
                         const std::vector<const PendingJob*>& jobs, Connection& connection);

/// "the durable job of task 'x'", "the 7 durable jobs of the tasks 'x', 'y'": for errors.  Not of none.
std::string in_words(const std::vector<const PendingJob*>& jobs);

}  // namespace aftercommit::detail
