/// A flow that is run again from a step on, as a new one.
#pragma once

#include <cstddef>
#include <string>

#include "aftercommit/database.hpp"
#include "aftercommit/job_id.hpp"

namespace aftercommit::detail {

struct FlowAgainAsked {
  JobId flow;
  std::string step;    ///< the first thing that is done anew
  std::string by{};    ///< who wants it so; empty: not known
  std::string note{};  ///< why; may be empty
};

struct FlowAgainMade {
  JobId id;  ///< of the new one
  std::string task;
  std::size_t kept = 0;  ///< how much it has of the other one
  bool goes_on = false;  ///< the other one has not ended
};

/// In one transaction: a flow of the same arguments, which has what that one has done before the step, and
/// goes on from there.  UsageError where the flow is not known, has done no such step, was cancelled or is
/// undone, which says what can be done; ConfigError where the tables are too old.
FlowAgainMade run_flow_again(Database& database, const FlowAgainAsked& asked);

}  // namespace aftercommit::detail
