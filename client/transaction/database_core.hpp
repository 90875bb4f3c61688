/// What a Database and the sessions of its threads share.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <utility>

#include "aftercommit/database.hpp"
#include "client/postgres/connection_pool.hpp"
#include "client/statements/statements.hpp"

namespace aftercommit::detail {

/// The version of the tables that was found last, and until when that is believed: an older backup may take
/// their place.
struct SeenSchema {
  std::atomic<int> version{0};
  std::atomic<std::chrono::steady_clock::time_point> until{};
};

/// Thread-safe, for its pool is and the rest is constant.
class DatabaseCore {
 public:
  DatabaseCore(Database& owner, DatabaseOptions given, std::string name)
      : database{owner},
        options{std::move(given)},
        alias{std::move(name)},
        statements{options.schema},
        pool{options, alias} {}

  /// For messages.
  std::string name() const { return "database '" + alias + "'"; }

  Database& database;  // not owned; valid while a block is open
  const DatabaseOptions options;
  const std::string alias;
  const Statements statements;
  ConnectionPool pool;
  SeenSchema seen_schema;
};

inline const Statements& statements_of(Database& database) { return database.core()->statements; }

}  // namespace aftercommit::detail
