#include "client/app/route.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "broker/contract/no_redis.hpp"
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

Route route_to(Database& database, std::string alias) {
  Session* session = Session::find(*database.core());
  const bool open = session != nullptr && (session->in_atomic_block() || !session->get_autocommit());
  return {.transaction = open ? session : nullptr, .database = std::move(alias)};
}

/// The transaction of a test is open around the code, and none of the code's.
bool is_alone(const Session& transaction) {
  return transaction.under_test() && !transaction.in_block_of_code();
}

/// The open transaction, and the database, that the job belongs to.
Route find_transaction(const TaskEntry& task, const CallOptions& options, AppCore& app, Delivery delivery) {
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
  Route test;  // open around the code by its test, where the code has none of its own
  for (const auto& [name, database] : app.databases()) {
    Route route = route_to(*database, name);
    if (route.transaction == nullptr) continue;
    if (is_alone(*route.transaction)) {
      if (test.transaction == nullptr || name == defaults::kDatabase) test = std::move(route);
      continue;
    }
    if (found.transaction != nullptr) {
      throw UsageError{"cannot enqueue task '" + task.name + "': transactions are open on the databases '" +
                       found.database + "' and '" + name +
                       "'; say which one it belongs to, by the option database"};
    }
    found = std::move(route);
  }
  return found.transaction != nullptr ? found : test;
}

/// A job that is no row would have to wait in Redis.
void require_redis(const TaskEntry& task, Delivery delivery, AppCore& app) {
  if (delivery == Delivery::kDurable || !is_no_redis(app.options().redis_url)) return;
  const bool immediate = delivery == Delivery::kImmediate;
  throw ConfigError{
      "cannot enqueue task '" + task.name + "' with " + (immediate ? "immediate" : "on-commit") +
      " delivery: it needs Redis, and there is none (REDIS_URL is none): " +
      (app.databases().empty() ? "set DATABASE_URL, so that jobs are durable" : "choose durable delivery") +
      ", or set REDIS_URL"};
}

/// The database whose job table holds a durable job that joins no open transaction.
Database& home_of(const TaskEntry& task, Route& route, AppCore& app) {
  if (app.databases().empty()) {
    throw ConfigError{"cannot enqueue task '" + task.name + "' with durable delivery: app '" + app.name() +
                      "' has no database to keep the job in; set DATABASE_URL, or choose another delivery"};
  }
  if (!route.database.empty()) return app.database(route.database);
  Database& database = app.default_database();
  route.database = database.alias();
  return database;
}

/// What a worker would do by itself is left out of the envelope; but also one that does not know the task
/// must find a row.
bool goes_without_saying(const TaskEntry& task, const Route& route) {
  const std::string_view declared =
      task.options.database.empty() ? std::string_view{defaults::kDatabase} : task.options.database;
  return route.database == declared && (!route.durable || route.database == defaults::kDatabase);
}

void check_awaited(const TaskEntry& task, const CallOptions& options, Delivery delivery) {
  if (!options.flow || (delivery == Delivery::kDurable && !task.options.unique && !options.unique)) return;
  throw UsageError{
      "a flow cannot wait for a job of task '" + task.name +
      "': it waits for durable jobs, of which none is unique, as each says when it has taken effect"};
}

}  // namespace

Route find_route(const TaskEntry& task, const CallOptions& options, AppCore& app) {
  const auto delivery = find_delivery(task, options, app);
  if (task.is_flow && delivery != Delivery::kDurable) {
    throw UsageError{"cannot enqueue flow '" + task.name +
                     "' with another delivery than durable: its row is what it goes on from"};
  }
  check_awaited(task, options, delivery);
  require_redis(task, delivery, app);
  Route route = find_transaction(task, options, app, delivery);
  route.durable = delivery == Delivery::kDurable;
  if (route.transaction != nullptr && !route.transaction->in_atomic_block()) {
    throw TransactionManagementError{"cannot enqueue task '" + task.name +
                                     "' in manual transaction management of database '" + route.database +
                                     "': open an atomic block, or choose immediate delivery"};
  }
  if (route.durable && route.transaction != nullptr && route.transaction->in_read_only_block()) {
    throw UsageError{
        "cannot enqueue task '" + task.name +
        "' with durable delivery in a read-only atomic block of "
        "database '" +
        route.database +
        "': a durable job is a row of the transaction; ask for it outside, or choose delivery on commit"};
  }
  if (route.transaction != nullptr && route.durable && is_alone(*route.transaction))
    route.transaction = nullptr;
  if (route.durable && route.transaction == nullptr) route.home = &home_of(task, route, app);
  if (goes_without_saying(task, route)) route.database.clear();
  return route;
}

Route find_route_in(const TaskEntry& task, const CallOptions& options, AppCore& app) {
  const auto cannot = "cannot enqueue task '" + task.name + "' in a transaction of another library: ";
  if (options.transaction != nullptr)
    throw UsageError{cannot + "the option transaction names another one; leave it out"};
  if (options.delivery && *options.delivery != Delivery::kDurable) {
    throw UsageError{
        cannot +
        "nobody tells this one of its commit, so only a durable job, which is a row, can wait for "
        "it; leave out the option delivery"};
  }
  check_awaited(task, options, Delivery::kDurable);
  Route route{.durable = true, .database = options.database.value_or(task.options.database)};
  if (!app.databases().empty()) {
    route.home = &home_of(task, route, app);
  } else if (!route.database.empty() && !valid_name(route.database)) {
    throw UsageError{cannot + "database '" + clean_text(route.database, 64) +
                     "' is not a valid alias: 1 to 64 of a-z A-Z 0-9 _ . -"};
  }
  if (!route.database.empty() && goes_without_saying(task, route)) route.database.clear();
  return route;
}

}  // namespace aftercommit::detail
