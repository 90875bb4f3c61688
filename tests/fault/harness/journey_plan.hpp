/// What the flows of the chaos do.  Drawn from their arguments alone, so that whoever knows these knows each
/// step: the flow, whoever gives it events, and the oracle.
#pragma once

#include <chrono>
#include <vector>

namespace aftercommit::fault {

/// The arguments of one.
struct Journey {
  long seed = 0;
  long count = 0;      ///< of its stops
  bool inner = false;  ///< another flow waits for it: no events, and none that it waits for itself
};

/// Between two of its steps a flow asks for one of these; the step behind it notes what came of it.
struct Stop {
  enum class Kind {
    kNothing,  ///< a step, and no more
    kFails,    ///< whose first attempt throws
    kAsks,     ///< and that asks for a job
    kCall,     ///< the world outside, with a probe
    kSleep,
    kEvent,     ///< somebody gives it
    kTimed,     ///< the same, for so long at most
    kChildren,  ///< jobs that return their numbers
    kInner,     ///< two flows
  };
  Kind kind = Kind::kNothing;
  std::chrono::milliseconds length{0};  ///< that its step takes, of its sleep, or for its event
  long children = 0;
};
const char* to_string(Stop::Kind kind) noexcept;

std::vector<Stop> plan_of(const Journey& journey);

/// The n-th child of a stop returns this, and its effect counts there; the sum is what the flow gets.
long child_slot(const Journey& journey, long place, long n);
long sum_of_children(const Journey& journey, long place, const Stop& stop);
/// A flow that another one waits for.
Journey inner_journey(const Journey& journey, long place, long n);
inline constexpr long kInnerFlows = 2;

/// What the outside answers.
inline constexpr long kCallAnswer = 7;
/// What a step notes of an event that has not come in time; no event has this value.
inline constexpr long kNotInTime = 0;

}  // namespace aftercommit::fault
