#include "operate/servers.hpp"

#include <algorithm>
#include <utility>

#include "aftercommit/error.hpp"
#include "broker/contract/no_redis.hpp"
#include "client/app/app_core.hpp"
#include "client/postgres/error_text.hpp"
#include "client/settings/environment.hpp"
#include "operate/look.hpp"

namespace aftercommit::operate {
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

/// While it lives, those shards hide what they hold that do not answer, and no more.
class BearingSilence {
 public:
  explicit BearingSilence(Broker& broker) : broker_{broker} {
    broker_.take_silent_shards();  // of an earlier look
    broker_.bear_silent_shards(true);
  }
  ~BearingSilence() { broker_.bear_silent_shards(false); }
  BearingSilence(const BearingSilence&) = delete;
  BearingSilence& operator=(const BearingSilence&) = delete;

 private:
  Broker& broker_;
};

}  // namespace

Servers::Servers(const Connections& given, Warn warn)
    : app_{"aftercommit", settings(given)}, warn_{std::move(warn)} {}

const std::vector<detail::SetUpFinding>& Servers::findings() {
  if (findings_.empty()) findings_ = app_.core().check(true);
  return findings_;
}

Broker& Servers::broker() {
  if (broker_) return *broker_;
  const auto& finding = findings().front();
  if (finding.away) throw BrokerUnavailable{detail::in_lines(detail::troubles_of(findings()))};
  if (!finding.trouble.empty()) detail::throw_all(detail::troubles_of(findings()));
  for (const auto& warning : finding.warnings) {
    if (warn_) warn_(warning);
  }
  broker_ = make_broker(redis_url());
  broker_->bear_silent_shards(false);
  return *broker_;
}

std::deque<Store>& Servers::all_stores() {
  if (!stores_.empty()) return stores_;
  for (const auto& alias : app_.database_aliases()) {
    stores_.push_back({.alias = alias, .database = app_.database(alias)});
  }
  return stores_;
}

std::deque<Store>& Servers::stores() {
  const auto of_databases = std::span{findings()}.subspan(1);
  if (!detail::troubles_of(of_databases).empty()) {
    const bool away = std::ranges::all_of(
        of_databases, [](const auto& finding) { return finding.trouble.empty() || finding.away; });
    if (away) throw DatabaseUnavailable{detail::in_lines(detail::troubles_of(findings()))};
    detail::throw_all(detail::troubles_of(findings()));
  }
  return all_stores();
}

const Store& Servers::store(std::string_view alias) {
  app_.database(alias);  // which throws where there is none
  return *std::ranges::find(all_stores(), alias, &Store::alias);
}

Answers Servers::look_at_each(const std::function<void(const Store&)>& look_at_database,
                              const std::function<void(Browsing&)>& look_at_redis) {
  const auto& found = findings();
  const bool cannot_serve = std::ranges::any_of(
      found, [](const auto& finding) { return !finding.trouble.empty() && !finding.away; });
  if (cannot_serve) detail::throw_all(detail::troubles_of(found));
  if (std::ranges::all_of(found, &detail::SetUpFinding::away)) broker();  // which throws

  Answers answers{.databases = app_.database_aliases(), .no_redis = is_no_redis(redis_url())};
  auto& outages = answers.outages;
  for (std::size_t i = 0; i < all_stores().size(); ++i) {
    const auto& store = all_stores()[i];
    const auto& finding = found[i + 1];
    try {
      if (finding.away) throw DatabaseUnavailable{finding.trouble};
      look_at_database(store);
    } catch (const DatabaseUnavailable& error) {
      outages.push_back({.alias = store.alias,
                         .error = error.what(),
                         .too_slow = dynamic_cast<const TooSlow*>(&error) != nullptr});
    } catch (const pqxx::broken_connection& error) {
      outages.push_back({.alias = store.alias, .error = detail::first_line(error)});
    }
  }
  if (answers.no_redis) return answers;
  try {
    if (found.front().away) throw BrokerUnavailable{found.front().trouble};
    const BearingSilence bearing{broker()};
    look_at_redis(broker());
    for (const auto& silent : broker().take_silent_shards())
      outages.push_back({.shard = silent.name, .error = silent.error});
  } catch (const BrokerUnavailable& error) {
    outages.push_back({.error = error.what()});
  }
  return answers;
}

std::vector<std::optional<bool>> Servers::in_redis(const std::string& queue, std::span<const JobId> jobs) {
  const auto there = broker().has_durable(queue, jobs);
  std::vector<std::optional<bool>> known{there.begin(), there.end()};
  if (broker().any_silent_shard()) std::ranges::replace(known, std::optional{false}, std::nullopt);
  return known;
}

std::vector<Database*> Servers::reach_databases() {
  std::vector<detail::SetUpCheck> checks;
  std::vector<Database*> databases;
  for (const auto& [alias, database] : app_.core().databases()) {
    checks.push_back(detail::database_check(*database, false));
    databases.push_back(database.get());
  }
  detail::throw_all(detail::troubles_of(detail::look_at_all(std::move(checks))));
  return databases;
}

}  // namespace aftercommit::operate
