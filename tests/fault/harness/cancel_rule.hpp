/// What the oracle expects of a job that somebody has cancelled.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace aftercommit::fault {

/// All that is known of one.
struct CancelStory {
  std::string job{};  ///< as sentences call it
  bool durable = true;
  std::vector<std::string> answers{};  ///< of committed calls, in their order
  std::string state{};                 ///< that the table `cancelled` has kept; empty: nothing
  std::size_t effects = 0;
  std::size_t letters = 0;  ///< of its deaths
  bool replaced = false;    ///< another job of its unique key may have taken its place
  bool in_steps = false;    ///< a flow, which has its effect before its end: journey_rule.hpp knows more
};

/// Whether it may be that the job has neither taken effect nor died.
bool may_have_vanished(const CancelStory& story);

/// What is wrong: a sentence for each.  Waiting or delayed: it never takes effect.  Running: what has been
/// kept of it says whether it did.  Done: it has, once.  No request is left open.
std::vector<std::string> judge_cancel(const CancelStory& story);

}  // namespace aftercommit::fault
