#include "cli/servers.hpp"

#include <algorithm>
#include <iostream>
#include <utility>

#include "aftercommit/error.hpp"
#include "client/environment.hpp"
#include "client/migrations.hpp"

namespace aftercommit::cli {
namespace {

/// As the worker does it: the URLs of the command come beside those of the environment, and win.
AppOptions settings(const Connections& given) {
  AppOptions options;
  detail::fill_from_environment(options);
  if (!given.redis_url.empty()) options.redis_url = given.redis_url;
  for (const auto& [alias, url] : given.database_urls) options.databases[alias].url = url;
  for (const auto& alias : given.only) {
    if (options.databases.contains(alias)) continue;
    throw ConfigError{"database '" + alias + "' has no URL: set " + detail::variable_of(alias) +
                      ", or give --database " + alias + "=postgresql://..."};
  }
  std::erase_if(options.databases, [&](const auto& database) {
    return !given.only.empty() && !given.only.contains(database.first);
  });
  for (auto& [alias, database] : options.databases) {
    if (!given.schema.empty()) database.schema = given.schema;
    database.connect_timeout = std::min(database.connect_timeout, std::chrono::seconds{3});
    database.application_name = "aftercommit";
  }
  return options;
}

}  // namespace

Servers::Servers(const Connections& given) : app_{"aftercommit", settings(given)} {}

Broker& Servers::broker() {
  if (broker_) return *broker_;
  auto broker = make_broker(redis_url());
  for (const auto& warning : broker->check()) std::cerr << "aftercommit: warning: " << warning << '\n';
  broker_ = std::move(broker);
  return *broker_;
}

std::deque<Store>& Servers::stores() {
  if (!stores_.empty()) return stores_;
  for (const auto& alias : app_.database_aliases()) {
    auto& database = app_.database(alias);
    database.check();
    detail::check_schema(database);
    stores_.push_back({.alias = alias, .database = database});
  }
  return stores_;
}

}  // namespace aftercommit::cli
