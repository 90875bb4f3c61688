#include "fault/harness/journey_load.hpp"

#include <unistd.h>

#include <exception>

#include "fault/harness/journey_asked.hpp"
#include "fault/harness/load.hpp"

namespace aftercommit::fault {
namespace {

constexpr long kFewestStops = 5;
constexpr long kMostStops = 20;
constexpr double kTakenBack = 0.2;  // of the transactions that give one

struct TakenBack {};

}  // namespace

JourneyLoad::JourneyLoad(const JourneyTasks& tasks)
    : tasks_{tasks},
      elsewhere_{{.url = tasks.usual.app.database().options().url}, "elsewhere"},
      dice_{static_cast<std::uint64_t>(::getpid()), 0} {}

void JourneyLoad::ask(Dice& dice, Transaction& tx, Intent& intent) {
  const Journey journey{.seed = dice.between(0, 1'000'000'000),
                        .count = dice.between(kFewestStops, kMostStops)};
  const auto& job =
      dice.falls(0.5)
          ? fault::ask(intent, tasks_.journey, {}, journey.seed, journey.count, journey.inner)
          : ask_by_sql(tx, intent, kJourney,
                       "[" + std::to_string(journey.seed) + "," + std::to_string(journey.count) + ",false]");
  note_asked(tx, job.id, journey);
}

void JourneyLoad::give_due() {
  const bool by_sql = dice_.falls(0.5);
  const bool stands = !dice_.falls(kTakenBack);
  auto& database = by_sql ? elsewhere_ : tasks_.usual.app.database();
  try {
    database.atomic([&](Transaction& tx) {
      give(tx, by_sql);
      if (!stands) throw TakenBack{};
    });
  } catch (const TakenBack&) {
  } catch (const std::exception&) {  // rolled back, and its answer with it; or in doubt, and with it
  }
}

/// Each gift has a value of its own: what a flow has seen tells whose it was.
void JourneyLoad::give(Transaction& tx, bool by_sql) {
  const auto due = tx.exec(
      "SELECT flow, place FROM journey_event WHERE gifts > 0 AND due < clock_timestamp() "
      "ORDER BY due LIMIT 1 FOR UPDATE SKIP LOCKED");
  if (due.empty()) return;
  const auto flow = due[0][0].as<std::string>();
  const auto place = due[0][1].as<long>();
  const auto value = ::getpid() * 1'000'000L + ++given_;
  tx.exec("UPDATE journey_event SET gifts = gifts - 1 WHERE flow = $1 AND place = $2", flow, place);
  const auto answer =
      by_sql ? tx.exec("SELECT aftercommit.signal($1::uuid, $2, $3)", flow, event_at(place),
                       std::to_string(value))[0][0]
                   .as<std::string>()
             : std::string{to_string(tasks_.usual.app.signal(*JobId::parse(flow), event_at(place), value))};
  tx.exec("INSERT INTO journey_gift(flow, place, value, answer) VALUES ($1, $2, $3, $4)", flow, place, value,
          answer);
}

}  // namespace aftercommit::fault
