/// The Redis and the databases that a command works on.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "aftercommit/app.hpp"
#include "broker/broker.hpp"
#include "cli/options.hpp"
#include "client/job_table.hpp"

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

  Broker& broker();             ///< checked at its first use; warnings go to standard error
  std::deque<Store>& stores();  ///< of all databases, whose schemas are checked at their first use
  const App& app() const { return app_; }
  const std::string& redis_url() const { return app_.options().redis_url; }

 private:
  App app_;
  std::unique_ptr<Broker> broker_;
  std::deque<Store> stores_;
};

}  // namespace aftercommit::cli
