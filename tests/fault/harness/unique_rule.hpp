/// What the oracle expects of jobs with a unique key.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "fault/harness/body_times.hpp"

namespace aftercommit::fault {

/// One request that is committed, with what it was answered.  The key begins with what becomes of a
/// duplicate: "skip", "once_more", "replace" or "debounce".
struct UniqueAsk {
  std::string key;
  std::string job;
  bool own = false;
  long long asked_us = 0;  ///< by the clock of the database, when the answer was there
};

/// Jobs in whose place another may have come: of the keys that allow it all but the last of each.
std::set<std::string> may_be_replaced(const std::vector<UniqueAsk>& asks);

/// What is wrong, by the requests in the order in which they were written, and the bodies that have
/// committed. Who is told another's job is told one that was made before, for the same key.  No two of a key
/// run at once. Until one has ended there is no other one, or, where the rule of the key lets one wait behind
/// it, no third.
std::vector<std::string> judge_unique(const std::vector<UniqueAsk>& asks,
                                      const std::vector<BodyTime>& bodies);

}  // namespace aftercommit::fault
