/// The statement that inserts the durable jobs of a transaction.
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

}  // namespace aftercommit::detail
