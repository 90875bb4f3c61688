/// The statement that inserts the durable jobs of a transaction.
#pragma once

#include <string>
#include <vector>

#include "client/commit_hooks.hpp"
#include "client/connection.hpp"
#include "client/statements.hpp"

namespace aftercommit::detail {

/// All in one INSERT, appended to the message that ends in COMMIT; countdowns count from when they were asked
/// for.
void append_durable_jobs(std::string& message, const Statements& statements,
                         const std::vector<const PendingJob*>& jobs, Connection& connection);

}  // namespace aftercommit::detail
