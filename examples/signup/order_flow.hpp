/// The body of the flow `fulfil`, which tasks.cpp gives it.
#pragma once

#include "tasks.hpp"

namespace signup {

aftercommit::Flow fulfil_order(aftercommit::FlowContext& flow, long order_id);

/// A second way to the same database.  No transaction is open on it, so each statement commits by itself and
/// stays when the task is rolled back.
aftercommit::Database& journal();

}  // namespace signup
