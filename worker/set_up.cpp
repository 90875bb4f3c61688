#include "worker/set_up.hpp"

#include <algorithm>
#include <chrono>
#include <pqxx/except>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "base/text/secrets.hpp"
#include "broker/contract/celery_queue.hpp"
#include "broker/contract/no_redis.hpp"
#include "broker/contract/shards.hpp"
#include "client/app/app_core.hpp"
#include "client/app/set_up_checks.hpp"
#include "client/job_table/history.hpp"
#include "client/job_table/migrations.hpp"
#include "client/periodic/periodic_jobs.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/worker_connections.hpp"
#include "client/postgres/worker_name.hpp"
#include "client/settings/environment.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::worker {
namespace {

/// Others who use the tables may keep it from them for as long.
constexpr std::chrono::seconds kMigrationPatience{5};

/// Brings the tables up to date where that is allowed, and makes sure that they can be used.
void prepare_schema(Database& database, const Options& options) {
  try {
    if (options.migrate && detail::schema_version(database) < detail::kSchemaVersion)
      detail::migrate(database, kMigrationPatience);
  } catch (const pqxx::insufficient_privilege&) {
    // Then somebody else has to, as check_schema says.
  } catch (const detail::MigrationHeldUp& error) {
    if (detail::schema_version(database) < detail::kOldestSchemaVersion) throw;
    log(LogLevel::kWarning, "the tables of jobs stay as they are; this worker works with them all the same",
        {{"database", database.alias()}, {"error", error.what()}});
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw ConfigError{"cannot make the tables of schema '" + database.options().schema + "' on database '" +
                      database.alias() + "': " + detail::first_line(error)};
  }
  detail::check_schema(database);
  if (options.history.count() > 0) detail::require_history(database);
}

void check_task(App& app, const std::string& name) {
  const auto& task = app.core().find_task(name)->options;
  if (!task.transactional) return;
  if (app.database_aliases().empty()) {
    throw ConfigError{
        "task '" + name +
        "' runs in a transaction, but no database is configured: set DATABASE_URL or --database, or "
        "declare it with transactional = false"};
  }
  app.core().database_or_default(task.database);  // throws where there is none
}

/// Sentences, each once: what several tasks miss is said once.
class Troubles {
 public:
  void add(const std::string& sentence) {
    if (std::ranges::find(all_, sentence) == all_.end()) all_.push_back(sentence);
  }
  template <class Check>
  bool found_by(const Check& check) {
    try {
      check();
      return false;
    } catch (const Error& error) {
      add(error.what());
      return true;
    }
  }
  const std::vector<std::string>& all() const { return all_; }

 private:
  std::vector<std::string> all_;
};

Preparations check_databases(App& app, const Options& options, std::span<const detail::SetUpFinding> findings,
                             Troubles& troubles) {
  const bool one_serves =
      std::ranges::any_of(findings, [](const auto& finding) { return finding.trouble.empty(); });
  Preparations preparations;
  auto finding = findings.begin();
  for (const auto& [alias, database] : app.core().databases()) {
    for (const auto& warning : finding->warnings) log(LogLevel::kWarning, warning, {{"database", alias}});
    if (finding->trouble.empty()) {
      troubles.found_by([&] { prepare_schema(*database, options); });
    } else if (finding->away && one_serves) {
      log(LogLevel::kError, "a database is away; this worker starts without it, and its jobs wait",
          {{"database", alias}, {"error", finding->trouble}});
      preparations.emplace(database.get(), [&database = *database, &options] {
        Database own{database.options(), database.alias()};  // the worker's refuses meanwhile
        prepare_schema(own, options);
      });
      if (!options.relay_only) database->core()->pool.refuse(true);
    } else {
      troubles.add(finding->trouble);
    }
    ++finding;
  }
  return preparations;
}

void check_tasks(App& app, Troubles& troubles) {
  for (const auto& name : app.core().task_names()) {
    const bool wrong = troubles.found_by([&] { check_task(app, name); });
    if (wrong && app.database_aliases().empty()) return;  // as with every other task
  }
}

/// A time zone that this machine does not know.
void check_zone(const detail::PeriodicEntry& periodic) {
  try {
    periodic.schedule.check();
  } catch (const ConfigError& error) {
    throw ConfigError{"periodic task '" + periodic.name + "': " + error.what()};
  }
}

/// That each schedule can be reckoned, and each job asked for: both hang on this machine and its settings.
void check_periodic(App& app, Troubles& troubles) {
  for (const auto& declared : app.core().periodic()) {
    troubles.found_by([&] { detail::database_of(app.core(), declared.second); });
    troubles.found_by([&] { check_zone(declared.second); });
  }
  if (!troubles.all().empty()) return;
  for (auto* const database : detail::databases_with_periodic(app.core())) {
    troubles.found_by([&] { detail::periodic_of(app.core(), *database); });
  }
}

/// That what clients of Celery ask for can be found, and kept.
void check_celery(App& app, const Options& options) {
  if (options.celery_queues.empty()) return;
  if (app.core().databases().empty()) {
    throw ConfigError{
        "--celery-queue makes durable jobs, and there is no database to keep them in: set DATABASE_URL or "
        "--database"};
  }
  app.core().default_database();  // for tasks that are not known here
  const auto url = celery_broker_of(app, options);
  if (is_no_redis(url) || Shards{url}.several()) {
    throw UsageError{
        "--celery-queue needs one Redis, where Celery's clients send to, and the app has none or several: "
        "say which, by "
        "--celery-broker"};
  }
  for (const auto& queue : options.celery_queues) {
    try {
      make_celery_queue(url, queue);
    } catch (const ConfigError& error) {
      throw ConfigError{std::string{"--celery-queue has no use for the URL of Celery's broker: "} +
                        error.what()};
    }
    if (std::ranges::find(options.queues, queue, &QueueChoice::name) != options.queues.end()) continue;
    log(LogLevel::kWarning,
        "jobs of this queue are made of Celery's messages here, and run by workers that serve it, which this "
        "one does not",
        {{"queue", queue}});
  }
}

void check_without_redis(App& app, const Options& options) {
  if (options.relay_only) {
    throw UsageError{needs_redis("--relay-only")};
  }
  if (app.core().databases().empty()) {
    throw ConfigError{
        "there is no Redis (REDIS_URL is none), and no database whose jobs could run: set DATABASE_URL or "
        "--database, or REDIS_URL"};
  }
}

}  // namespace

std::string celery_broker_of(App& app, const Options& options) {
  return options.celery_broker.empty() ? app.options().redis_url : options.celery_broker;
}

void configure(App& app, const Options& options, const WorkerId& worker) {
  AppOptions settings = app.core().given_options();
  detail::fill_from_environment(settings);  // first: a database of the command comes beside those found there
  if (!options.redis_url.empty()) settings.redis_url = options.redis_url;
  for (const auto& [alias, url] : options.database_urls) settings.databases[alias].url = url;
  const auto of_bridges = options.celery_queues.size();
  const auto of_shards = (Shards{settings.redis_url}.count() - 1) * detail::kWorkerPoolOfShard;
  for (auto& [alias, database] : settings.databases) {
    database.pool_size = std::max(
        database.pool_size, options.concurrency + detail::kWorkerPoolBesideJobs + of_shards + of_bridges);
    if (!options.schema.empty()) database.schema = options.schema;
    database.application_name =
        detail::application_name_of(worker);  // so that its sessions can be told apart
    database.connect_timeout = std::min(database.connect_timeout, std::chrono::seconds{3});
  }
  app.configure(std::move(settings));
}

Preparations check_set_up(App& app, const Options& options) {
  if (is_no_redis(app.options().redis_url)) check_without_redis(app, options);
  const auto findings = app.core().check(false);
  const auto& broker = findings.front();
  for (const auto& warning : broker.warnings) {
    log(LogLevel::kWarning, warning, {{"redis", masked_url(app.options().redis_url)}});
  }
  const bool a_table_serves =
      !options.relay_only && std::ranges::any_of(findings.begin() + 1, findings.end(),
                                                 [](const auto& found) { return found.trouble.empty(); });
  Troubles troubles;
  if (broker.away && a_table_serves) {
    log(LogLevel::kError,
        "Redis is away; this worker starts without it, and takes durable jobs straight from their tables",
        {{"error", broker.trouble}});
  } else if (!broker.trouble.empty()) {
    troubles.add(broker.trouble);
  }
  auto preparations = check_databases(app, options, std::span{findings}.subspan(1), troubles);
  check_tasks(app, troubles);
  if (options.periodic && !options.relay_only) check_periodic(app, troubles);
  troubles.found_by([&] { check_celery(app, options); });
  detail::throw_all(troubles.all());
  return preparations;
}

}  // namespace aftercommit::worker
