#include "client/app/queue_pause.hpp"

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "broker/contract/broker.hpp"
#include "client/job_table/queue_state.hpp"
#include "client/job_table/schema_steps.hpp"

namespace aftercommit {
namespace detail {
namespace {

constexpr const char* kBroker = "Redis";

std::string place_of(const Database& database) { return "database '" + database.alias() + "'"; }

void check_name(const std::string& queue, const char* what) {
  if (valid_name(queue)) return;
  throw UsageError{std::string{"cannot "} + what + " queue '" + clean_text(queue, kNameLimit) +
                   "': that is not a valid name: 1 to 64 of a-z A-Z 0-9 _ . -"};
}

}  // namespace

PauseChange pause_queue(AppCore& app, const std::string& queue) {
  check_name(queue, "pause");
  if (app.databases().empty()) return {make_broker(app.options().redis_url)->pause(queue), {kBroker}};
  auto& database = app.default_database();
  return {pause_queue(database, queue), {place_of(database)}};
}

PauseChange resume_queue(AppCore& app, const std::string& queue) {
  check_name(queue, "resume");
  PauseChange change;
  for (const auto& [alias, database] : app.databases()) {
    if (!schema_is_at_least(*database, kPauseSchema) || !resume_queue(*database, queue)) continue;
    change.places.push_back(place_of(*database));
  }
  if (make_broker(app.options().redis_url)->resume(queue)) change.places.emplace_back(kBroker);
  change.changed = !change.places.empty();
  return change;
}

}  // namespace detail

bool App::pause_queue(const std::string& queue) const { return detail::pause_queue(*core_, queue).changed; }
bool App::resume_queue(const std::string& queue) const { return detail::resume_queue(*core_, queue).changed; }

}  // namespace aftercommit
