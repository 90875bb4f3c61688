/// The statement that writes the durable jobs of a transaction.
#pragma once

#include <string>
#include <vector>

#include "client/commit_hooks.hpp"
#include "client/connection.hpp"
#include "client/statements.hpp"

namespace aftercommit::detail {

/// All in one INSERT, to be sent in one message with COMMIT; countdowns count from when they were asked for.
std::string insert_durable_jobs(const Statements& statements, const std::vector<const PendingJob*>& jobs,
                                const Connection& connection);

}  // namespace aftercommit::detail
