#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/task.hpp"
#include "base/epoch_ms.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/app/retry_policy.hpp"
#include "client/statements/ascii_json.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

/// The innermost setting counts; without any, a job is durable where there is a database that can hold it.
Delivery find_delivery(const TaskEntry& task, const CallOptions& options, AppCore& app) {
  const auto automatic = app.databases().empty() ? Delivery::kOnCommit : Delivery::kDurable;
  const auto of_app = app.options().delivery.value_or(automatic);
  const auto delivery = options.delivery.value_or(task.options.delivery.value_or(of_app));
  if (options.transaction == nullptr || delivery != Delivery::kImmediate) return delivery;
  if (options.delivery == Delivery::kImmediate) {
    throw UsageError{"cannot enqueue task '" + task.name +
                     "': immediate delivery waits for no transaction, and one is given"};
  }
  return Delivery::kOnCommit;  // only a job that waits can join the given transaction
}

/// "Never" must not overflow the clock, and what is over before it has begun ends now.
std::chrono::system_clock::time_point expiry(std::chrono::sys_time<std::chrono::milliseconds> now,
                                             std::chrono::milliseconds expires) {
  constexpr std::chrono::milliseconds kLongest = std::chrono::years{100};
  const auto length = std::clamp(expires, std::chrono::milliseconds{0}, kLongest);
  return from_epoch_ms((now + length).time_since_epoch().count());
}

/// Where a job goes, decided once for all jobs of a call.
struct Route {
  Session* transaction = nullptr;  ///< it waits for this one's commit; null: none is open
  std::string database;            ///< alias for the envelope; empty: the worker's default
};

Route route_to(Database& database, std::string alias) {
  Session* session = Session::find(*database.core());
  const bool open = session != nullptr && (session->in_atomic_block() || !session->get_autocommit());
  return {open ? session : nullptr, std::move(alias)};
}

Route find_route(AppCore& app, const TaskEntry& task, const CallOptions& options, Delivery delivery) {
  if (options.transaction != nullptr) {
    Database& joined = options.transaction->database();
    const auto& own = app.databases();
    const auto found =
        std::ranges::find_if(own, [&](const auto& entry) { return entry.second.get() == &joined; });
    if (found == own.end()) {
      throw UsageError{"cannot enqueue task '" + task.name +
                       "': the given transaction is on a database that is not of app '" + app.name() + "'"};
    }
    Route route = route_to(joined, found->first);
    if (route.transaction == nullptr || &route.transaction->transaction() != options.transaction) {
      throw UsageError{"cannot enqueue task '" + task.name +
                       "': the given transaction is not open in this thread"};
    }
    return route;
  }
  const std::string& alias = options.database ? *options.database : task.options.database;
  if (delivery == Delivery::kImmediate) {
    if (!alias.empty()) app.database(alias);  // throws if there is none
    return {.database = alias};
  }
  if (!alias.empty()) return route_to(app.database(alias), alias);

  Route found;
  for (const auto& [name, database] : app.databases()) {
    Route route = route_to(*database, name);
    if (route.transaction == nullptr) continue;
    if (found.transaction != nullptr) {
      throw UsageError{"cannot enqueue task '" + task.name + "': transactions are open on the databases '" +
                       found.database + "' and '" + name +
                       "'; say which one it belongs to, by the option database"};
    }
    found = std::move(route);
  }
  return found;
}

/// The database whose job table holds a durable job that joins no open transaction.
Database& home_of(AppCore& app, const TaskEntry& task, Route& route) {
  if (app.databases().empty()) {
    throw ConfigError{"cannot enqueue task '" + task.name + "' with durable delivery: app '" + app.name() +
                      "' has no database to keep the job in; set DATABASE_URL, or choose another delivery"};
  }
  if (!route.database.empty()) return app.database(route.database);
  Database& database = app.default_database();
  route.database = database.alias();
  return database;
}

void check_limit(const TaskEntry& task, const std::string& payload, std::size_t limit) {
  if (payload.size() <= limit) return;
  throw PayloadError{"a job of task '" + task.name + "' takes " + std::to_string(payload.size()) +
                     " bytes, over the payload limit of " + std::to_string(limit) +
                     ": store the data and pass its key"};
}

std::string encode_within_limit(const TaskEntry& task, const Envelope& envelope, std::size_t limit) {
  auto payload = encode(envelope);
  check_limit(task, payload, limit);
  return payload;
}

/// The row, and with it what is sent, for a database whose encoding may lack a character of it.
void write_in_ascii(const TaskEntry& task, std::vector<PendingJob>& jobs, std::size_t limit) {
  for (auto& job : jobs) {
    job.outgoing.payload = ascii_json(job.outgoing.payload);
    check_limit(task, job.outgoing.payload, limit);
  }
}

}  // namespace

std::vector<JobId> enqueue(const TaskEntry& task, const CallOptions& options,
                           std::vector<nlohmann::json> calls) {
  AppCore& app = task.app.core();
  const auto& settings = app.options();
  const auto delivery = find_delivery(task, options, app);
  const bool durable = delivery == Delivery::kDurable;
  Route route = find_route(app, task, options, delivery);
  if (route.transaction != nullptr && !route.transaction->in_atomic_block()) {
    throw TransactionManagementError{"cannot enqueue task '" + task.name +
                                     "' in manual transaction management of database '" + route.database +
                                     "': open an atomic block, or choose immediate delivery"};
  }
  if (durable && route.transaction != nullptr && route.transaction->in_read_only_block()) {
    throw UsageError{
        "cannot enqueue task '" + task.name +
        "' with durable delivery in a read-only atomic block of "
        "database '" +
        route.database +
        "': a durable job is a row of the transaction; ask for it outside, or choose delivery on commit"};
  }
  const std::string queue = options.queue.value_or(task.options.queue);
  if (!valid_name(queue)) {
    throw UsageError{"cannot enqueue task '" + task.name + "': queue '" + clean_text(queue, 64) +
                     "' is not a valid name: 1 to 64 of a-z A-Z 0-9 _ . -"};
  }
  if (options.countdown && options.eta) {
    throw UsageError{"cannot enqueue task '" + task.name + "': give a countdown or an eta, not both"};
  }

  check_retry_policy(task.name, options.max_retries, options.backoff);
  Database* home = durable && route.transaction == nullptr ? &home_of(app, task, route) : nullptr;

  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(app.clock().now());
  const auto expires = options.expires ? options.expires : task.options.expires;
  const std::string declared = task.options.database.empty() ? defaults::kDatabase : task.options.database;
  // What a worker would do by itself is left out; but also one that does not know the task must find a row.
  const bool goes_without_saying =
      route.database == declared && (!durable || route.database == defaults::kDatabase);
  std::vector<JobId> ids;
  std::vector<PendingJob> jobs;
  ids.reserve(calls.size());
  jobs.reserve(calls.size());
  for (auto& args : calls) {
    Envelope envelope{.id = JobId::generate(), .task = task.name, .args = std::move(args), .queue = queue};
    envelope.enqueued_at = now;
    envelope.max_retries = options.max_retries;
    envelope.backoff = options.backoff;
    if (expires) envelope.expires_at = expiry(now, *expires);
    if (!goes_without_saying) envelope.database = route.database;
    envelope.durable = durable;
    ids.push_back(envelope.id);
    jobs.push_back({.id = envelope.id,
                    .outgoing = {.queue = queue,
                                 .payload = encode_within_limit(task, envelope, settings.payload_limit),
                                 .countdown = options.countdown,
                                 .eta = options.eta,
                                 .durable = durable ? std::optional{envelope.id} : std::nullopt},
                    .asked_at = std::chrono::steady_clock::now(),
                    .task = task.name});
  }
  if (jobs.empty()) return ids;

  if (route.transaction == nullptr && !durable) {
    app.sender()->send(std::move(jobs), false);
    return ids;
  }
  std::optional<Atomic> own;  // a short transaction for jobs that join none
  if (home != nullptr) own.emplace(*home);
  auto& transaction = own ? own->transaction().session() : *route.transaction;
  if (durable && !transaction.holds_unicode()) write_in_ascii(task, jobs, settings.payload_limit);
  for (auto& job : jobs) transaction.add_job(app.sender(), std::move(job));
  if (own) own->commit();
  return ids;
}

}  // namespace aftercommit::detail
