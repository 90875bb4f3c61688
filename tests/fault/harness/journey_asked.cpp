#include "fault/harness/journey_asked.hpp"

namespace aftercommit::fault {
namespace {

constexpr double kGivenTwice = 0.25;
constexpr int kLatestSeconds = 3;

}  // namespace

std::string event_at(long place) { return "event " + std::to_string(place); }

void note_asked(Transaction& tx, const std::string& flow, const Journey& journey) {
  tx.exec("INSERT INTO journey_ask(flow, seed, count, inner_one) VALUES ($1, $2, $3, $4)", flow, journey.seed,
          journey.count, journey.inner);
  const auto plan = plan_of(journey);
  for (std::size_t place = 0; place < plan.size(); ++place) {
    const auto kind = plan[place].kind;
    if (kind != Stop::Kind::kEvent && kind != Stop::Kind::kTimed) continue;
    // Due at once: it may come before the flow has begun.
    tx.exec(
        "INSERT INTO journey_event(flow, place, gifts, due) SELECT $1, $2, CASE WHEN random() < $3 THEN 2 "
        "ELSE 1 "
        "END, clock_timestamp() + greatest(0, random() * 1.3 - 0.3) * $4 * interval '1 second'",
        flow, static_cast<long>(place), kGivenTwice, kLatestSeconds);
  }
}

}  // namespace aftercommit::fault
