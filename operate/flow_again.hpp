/// A flow that is run again from one of its steps on.
#pragma once

#include <cstddef>
#include <string>

#include "operate/flow_story.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

struct FlowAgainMade {
  std::string id{};  ///< of the new flow
  std::string of{}, from{}, task{}, database{};
  std::size_t kept = 0;  ///< how many of the steps of the other one it has
  bool goes_on = false;  ///< the other one has not ended: cancel it if it is not to
};

/// A new flow, with the arguments of `flow` and what that has done before the step.  `by`: who wants it so,
/// and `note` why: both are kept with it.  UsageError for what cannot be, which says why; else throws what
/// the databases do.
FlowAgainMade run_flow_again(Servers& servers, const FlowStory& flow, const std::string& step,
                             const std::string& by, const std::string& note);

Json in_json(const FlowAgainMade& made);

}  // namespace aftercommit::operate
