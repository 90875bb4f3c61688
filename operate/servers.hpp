/// The Redis and the databases that an operator works on.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/app.hpp"
#include "broker/contract/broker.hpp"
#include "client/app/set_up_checks.hpp"
#include "client/job_table/job_table.hpp"
#include "operate/answers.hpp"
#include "operate/connections.hpp"

namespace aftercommit::operate {

/// Of the jobs that are read, in bytes: the app's own limit is not known here.
inline constexpr std::size_t kSizeLimit = 64UL * 1024 * 1024;

/// The job table of one database.
struct Store {
  std::string alias;
  Database& database;  // not owned, outlives this
  detail::JobTable table{database};
};

/// Connects to nothing before it is used.  Everything throws what the servers throw; ConfigError where one of
/// them cannot serve.  Not thread-safe.
class Servers {
 public:
  /// Told of settings of Redis that put jobs at risk, each in a sentence, before that is used.
  using Warn = std::function<void(const std::string& warning)>;

  explicit Servers(const Connections& given, Warn warn = {});

  /// All servers are looked at side by side, at the first use of any; one that is away then is away for this
  /// object.  Where the one that is asked for cannot serve, the error tells of all that cannot:
  /// BrokerUnavailable or DatabaseUnavailable where that one does not answer, else ConfigError.
  /// Of several shards each has to answer, but within look_at_each.
  Broker& broker();
  std::deque<Store>& stores();  ///< of all databases, with the schema that this program needs
  /// The one of this alias, whether or not it answers; ConfigError where there is none.
  const Store& store(std::string_view alias);
  /// Gives each server to one of these, the databases first.  One that does not answer, from the beginning or
  /// in the middle of it, hides only what it holds itself, as does a shard of several, and is among the
  /// outages that come back.  Where there is no Redis (REDIS_URL is none) the databases alone are looked at,
  /// and the answers say so.  Where none answers nothing is called, and the error is the one of broker();
  /// where one cannot serve, ConfigError.
  Answers look_at_each(const std::function<void(const Store& store)>& look_at_database,
                       const std::function<void(Browsing& redis)>& look_at_redis);
  /// Of these durable jobs, whether the broker has each; nothing where a shard that does not answer may have
  /// it.  Within look_at_each.
  std::vector<std::optional<bool>> in_redis(const std::string& queue, std::span<const JobId> jobs);
  /// All databases, once each of them could be reached, whatever is in them.
  std::vector<Database*> reach_databases();
  const App& app() const { return app_; }
  const std::string& redis_url() const { return app_.options().redis_url; }

 private:
  const std::vector<detail::SetUpFinding>& findings();
  std::deque<Store>& all_stores();  // whether or not they answer

  App app_;
  const Warn warn_;                             // may be empty
  std::vector<detail::SetUpFinding> findings_;  // the broker's first; empty: nothing was looked at
  std::unique_ptr<Broker> broker_;
  std::deque<Store> stores_;
};

}  // namespace aftercommit::operate
