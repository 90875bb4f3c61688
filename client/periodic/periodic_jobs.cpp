#include "client/periodic/periodic_jobs.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "aftercommit/error.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/job_description.hpp"
#include "client/app/route.hpp"
#include "client/statements/ascii_json.hpp"

namespace aftercommit::detail {
namespace {

using Instant = std::chrono::system_clock::time_point;

/// Of the table, for people, and to tell one declaration from another.
std::string missed_text(const PeriodicOptions& options) {
  switch (options.missed) {
    case Missed::kSkip:
      return "skip after " + std::to_string(options.grace.count()) + " s";
    case Missed::kAll:
      return "all, at most " + std::to_string(options.at_most);
    case Missed::kOnce:
      break;
  }
  return "once";
}

/// What all jobs of it have in common, for people, and to tell one declaration from another: an envelope
/// without an id, as of the year 1970, so that it is the same whenever and wherever it is made.  In ASCII,
/// for a database of any encoding.
std::string job_pattern(AppCore& app, const PeriodicEntry& periodic, const CallOptions& call) {
  const auto asked = describe(*periodic.task, call, app);
  auto job = asked.pattern();
  const auto route = find_route(*periodic.task, call, app);
  job.id = JobId::parse("00000000-0000-0000-0000-000000000000").value();
  job.args = periodic.args;
  job.enqueued_at = {};
  if (job.expires_at) job.expires_at = Instant{*job.expires_at - asked.asked_at};
  job.trace = {};
  job.database = route.database;
  job.durable = true;
  return ascii_json(encode(job));
}

}  // namespace

Database& database_of(AppCore& app, const PeriodicEntry& periodic) {
  if (app.databases().empty()) {
    throw ConfigError{
        "periodic task '" + periodic.name + "' of app '" + app.name() +
        "' needs the job table of a database, which its ticks and jobs are rows of, and none is "
        "configured: set DATABASE_URL or --database"};
  }
  const auto& call = periodic.options.call;
  return app.database_or_default(call.database ? *call.database : periodic.task->options.database);
}

std::vector<Database*> databases_with_periodic(AppCore& app) {
  std::vector<Database*> found;
  for (const auto& [name, entry] : app.periodic()) {
    Database* const database = &database_of(app, entry);
    if (std::ranges::find(found, database) == found.end()) found.push_back(database);
  }
  return found;
}

std::vector<DeclaredPeriodic> periodic_of(AppCore& app, Database& database) {
  std::vector<DeclaredPeriodic> found;
  for (const auto& [name, entry] : app.periodic()) {
    if (&database_of(app, entry) != &database) continue;
    auto call = entry.options.call;
    call.delivery = Delivery::kDurable;
    call.database = database.alias();
    PeriodicDeclaration as_kept{.name = name,
                                .task = entry.task->name,
                                .schedule = entry.schedule.text(),
                                .zone = entry.schedule.zone(),
                                .missed = missed_text(entry.options),
                                .envelope = job_pattern(app, entry, call)};
    found.push_back({.entry = &entry, .call = std::move(call), .as_kept = std::move(as_kept)});
  }
  return found;
}

JobId enqueue_periodic(const DeclaredPeriodic& periodic, std::optional<Schedule::Time> tick) {
  auto call = periodic.call;
  call.tick = tick;
  std::vector<nlohmann::json> calls;
  calls.push_back(periodic.entry->args);
  return enqueue(*periodic.entry->task, call, std::move(calls)).front();
}

}  // namespace aftercommit::detail
