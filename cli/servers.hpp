/// The Redis and the databases that a command works on.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aftercommit/app.hpp"
#include "broker/contract/broker.hpp"
#include "cli/options.hpp"
#include "cli/outages.hpp"
#include "client/app/set_up_checks.hpp"
#include "client/job_table/job_table.hpp"

namespace aftercommit::cli {

/// The job table of one database.
struct Store {
  std::string alias;
  Database& database;  // not owned, outlives this
  detail::JobTable table{database};
};

/// Connects to nothing before it is used.  Everything throws what the servers throw; ConfigError where one of
/// them cannot serve.
class Servers {
 public:
  explicit Servers(const Connections& given);

  /// All servers are looked at side by side, at the first use of any.  Where the one that is asked for cannot
  /// serve, the error tells of all that cannot: BrokerUnavailable or DatabaseUnavailable where that one does
  /// not answer, else ConfigError.
  Broker& broker();             ///< warnings go to standard error
  std::deque<Store>& stores();  ///< of all databases, with the schema that this program needs
  /// Gives each server to one of these, the databases first.  One that does not answer, from the beginning or
  /// in the middle of it, hides only what it holds itself, and is among the outages that come back.  Where
  /// none answers nothing is called, and the error is the one of broker(); where one cannot serve,
  /// ConfigError.
  std::vector<Outage> look_at_each(const std::function<void(const Store& store)>& look_at_database,
                                   const std::function<void(Broker& broker)>& look_at_redis);
  /// Makes sure that all databases can be reached, whatever is in them.
  void reach_databases();
  const App& app() const { return app_; }
  const std::string& redis_url() const { return app_.options().redis_url; }

 private:
  const std::vector<detail::SetUpFinding>& findings();
  std::deque<Store>& all_stores();  // whether or not they answer

  App app_;
  std::vector<detail::SetUpFinding> findings_;  // the broker's first; empty: nothing was looked at
  std::unique_ptr<Broker> broker_;
  std::deque<Store> stores_;
};

}  // namespace aftercommit::cli
