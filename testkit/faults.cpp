#include "testkit/faults.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "aftercommit/error.hpp"
#include "client/app/app_core.hpp"
#include "client/postgres/connection.hpp"
#include "client/statements/sql_template.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::testing {
namespace {

using namespace std::chrono_literals;

constexpr auto kEndPatience = 10s;

void end_backend(Database& beside, int backend) {
  beside.exec("SELECT pg_catalog.pg_terminate_backend($1)", backend);
  const auto deadline = std::chrono::steady_clock::now() + kEndPatience;
  while (!beside.exec("SELECT FROM pg_catalog.pg_stat_activity WHERE pid = $1", backend).empty()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw DatabaseUnavailable{"a session on database '" + beside.alias() +
                                "' does not end, though pg_terminate_backend was asked for that"};
    }
    std::this_thread::sleep_for(1ms);
  }
}

/// Of the connection that this thread holds; 0: none.
int backend_of(const Database& database) {
  auto* const session = aftercommit::detail::Session::find(*database.core());
  if (session == nullptr) return 0;
  const auto connection = session->share_connection();
  return connection ? connection->backend() : 0;
}

}  // namespace

SessionEnd::SessionEnd(App& app) : app_{app} {
  for (const auto& [alias, database] : app.core().databases()) {
    auto options = database->options();
    options.pool_size = 1;
    beside_.emplace(alias, std::make_unique<Database>(std::move(options), alias));
  }
}

bool SessionEnd::end_all() {
  bool any = false;
  for (const auto& [alias, database] : app_.core().databases()) {
    const int backend = backend_of(*database);
    if (backend == 0) continue;
    end_backend(*beside_.at(alias), backend);
    any = true;
  }
  return any;
}

bool SessionEnd::any_open() const {
  return std::ranges::any_of(app_.core().databases(),
                             [](const auto& entry) { return backend_of(*entry.second) != 0; });
}

void EndAtUse::at_use() {
  if (busy_ || met_ || !sessions_.any_open() || ++uses_ != use_) return;
  busy_ = true;
  met_ = sessions_.end_all();
  busy_ = false;
}

EndBehindCommit::EndBehindCommit() {
  static const aftercommit::detail::SqlTemplate kEnd{
      "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid());"};
  riders_.with_begin = {&kEnd, {}};
}

}  // namespace aftercommit::testing
