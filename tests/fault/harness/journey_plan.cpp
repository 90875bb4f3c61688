#include "fault/harness/journey_plan.hpp"

#include "fault/harness/dice.hpp"
#include "fault/harness/fault_tasks.hpp"

namespace aftercommit::fault {
namespace {

using std::chrono::milliseconds;
using Kind = Stop::Kind;

Stop draw_stop(Dice& dice, bool inner) {
  const auto of_100 = dice.between(1, 100);
  const auto length = dice.between(50, 600);
  const auto children = dice.between(0, 4);
  Stop stop{.length = milliseconds{length / 4}};  // long enough for others to come in between
  if (of_100 > 55) stop.kind = Kind::kFails;
  if (of_100 > 62) stop.kind = Kind::kAsks;
  if (of_100 > 68) stop.kind = Kind::kCall;
  if (of_100 > 74) stop = {.kind = Kind::kSleep, .length = milliseconds{length}};
  if (inner) return stop;
  if (of_100 > 80) stop = {.kind = Kind::kEvent};
  if (of_100 > 86) stop = {.kind = Kind::kTimed, .length = milliseconds{3 * length}};
  if (of_100 > 92) stop = {.kind = Kind::kChildren, .children = children};
  if (of_100 > 98) stop = {.kind = Kind::kInner};
  return stop;
}

}  // namespace

const char* to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::kNothing:
      return "step";
    case Kind::kFails:
      return "fails";
    case Kind::kAsks:
      return "asks";
    case Kind::kCall:
      return "call";
    case Kind::kSleep:
      return "sleep";
    case Kind::kEvent:
      return "event";
    case Kind::kTimed:
      return "timed";
    case Kind::kChildren:
      return "children";
    case Kind::kInner:
      break;
  }
  return "inner";
}

std::vector<Stop> plan_of(const Journey& journey) {
  Dice dice{static_cast<std::uint64_t>(journey.seed), journey.count};
  std::vector<Stop> plan;
  for (long place = 0; place < journey.count; ++place) plan.push_back(draw_stop(dice, journey.inner));
  return plan;
}

long child_slot(const Journey& journey, long place, long n) { return (journey.seed + place + n) % kSlots; }

long sum_of_children(const Journey& journey, long place, const Stop& stop) {
  long sum = 0;
  for (long n = 0; n < stop.children; ++n) sum += child_slot(journey, place, n);
  return sum;
}

Journey inner_journey(const Journey& journey, long place, long n) {
  return {.seed = journey.seed + 100 * (place + 1) + n, .count = 2 + n, .inner = true};
}

}  // namespace aftercommit::fault
