/// What can disagree between the job tables and Redis, and in words what follows from it.
#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "broker/contract/names.hpp"

namespace aftercommit::operate {

/// One disagreement, the same in every look that sees it.
struct Finding {
  enum class Kind : std::uint8_t {
    kStranded,       ///< a row whose job Redis claims to have and has not
    kPassed,         ///< a row that the relay has read past, and Redis does not know
    kLeftOver,       ///< an id that Redis remembers, without a row and without an entry
    kWithoutRow,     ///< a durable entry whose row is gone
    kAliveAndDead,   ///< a job that is both in the table of jobs and among the dead
    kTwice,          ///< a job with more than one entry
    kUnreadable,     ///< an entry that is no job
    kUnreadableRow,  ///< a row whose envelope is no job
  };
  Kind kind = Kind::kStranded;
  Queue queue;
  std::string subject;  ///< a job's id; of what has none, what is known of it

  friend auto operator<=>(const Finding&, const Finding&) = default;
};

using Findings = std::set<Finding>;

/// The word in JSON: "stranded", "passed", "left_over" ...
std::string_view word(Finding::Kind kind);

/// A sentence on what it is.
std::string_view meaning(Finding::Kind kind);

/// Whether somebody has to do something about it; else it passes by itself.
bool needs_somebody(Finding::Kind kind);

/// A sentence on what will happen, or what to do.  `redis_url` names the keys.
std::string remedy(Finding::Kind kind, const Queue& queue, const std::string& redis_url);

}  // namespace aftercommit::operate
