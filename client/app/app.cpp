#include "aftercommit/app.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/process/static_storage.hpp"
#include "broker/contract/broker.hpp"
#include "broker/contract/no_redis.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/app/periodic_rules.hpp"
#include "client/app/retry_policy.hpp"
#include "client/app/unique_jobs.hpp"
#include "client/job_table/job_notifier.hpp"
#include "client/postgres/connection_url.hpp"
#include "client/sending/broker_sender.hpp"
#include "client/settings/environment.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit {

App::App(std::string name, AppOptions options)
    : core_{new detail::AppCore{std::move(name), std::move(options)}} {}

App::~App() {
  if (detail::has_static_storage(this)) {
    core_->end();
  } else {
    delete core_;
  }
}

const std::string& App::name() const noexcept { return core_->name(); }
void App::configure(AppOptions options) { core_->configure(std::move(options)); }
const AppOptions& App::options() const { return core_->options(); }
Database& App::database(std::string_view alias) const { return core_->database(alias); }
std::vector<std::string> App::database_aliases() const { return core_->database_aliases(); }
std::vector<std::string> App::check() const {
  const auto delivery = core_->options().delivery.value_or(Delivery::kDurable);
  auto findings = core_->check(delivery == Delivery::kDurable);
  detail::throw_all(detail::troubles_of(findings));
  std::vector<std::string> warnings;
  for (auto& finding : findings) std::ranges::move(finding.warnings, std::back_inserter(warnings));
  return warnings;
}

detail::TaskEntry& App::declare(std::string name, TaskOptions options, bool returns) {
  options = detail::check_result_options(name, std::move(options), returns);
  return core_->declare(*this, std::move(name), std::move(options));
}

void App::around_enqueue(AroundEnqueue middleware) { core_->around_enqueue(std::move(middleware)); }
void App::around_run(AroundRun middleware) { core_->around_run(std::move(middleware)); }

Periodic App::declare_periodic(std::string name, Schedule schedule, PeriodicOptions options,
                               const std::string& task, nlohmann::json args) {
  return Periodic{core_->declare({.name = std::move(name),
                                  .schedule = std::move(schedule),
                                  .options = std::move(options),
                                  .task = core_->find_task(task),
                                  .args = std::move(args)})};
}

namespace detail {

void AppCore::configure(AppOptions options) {
  const std::lock_guard lock{mutex_};
  if (settled_) throw UsageError{"app '" + name_ + "' is in use already: configure it before its first use"};
  options_ = std::move(options);
}

void AppCore::settle() {
  if (settled_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock{mutex_};
  if (settled_) return;
  fill_from_environment(options_);
  std::vector<std::string> flaws;
  const auto note_flaw = [&](const auto& part) {
    try {
      part();
    } catch (const ConfigError& error) {
      flaws.emplace_back(error.what());
    }
  };
  databases_.clear();  // of an attempt that failed
  for (const auto& [alias, database] : options_.databases) note_flaw([&] { add_database(alias, database); });
  std::shared_ptr<JobSender> sender;
  note_flaw([&] {
    sender = std::make_shared<BrokerSender>(options_.redis_url, options_.enqueue_timeout, *send_counts_,
                                            BrokerSender::KeepUnsent{}, durable_target());
  });
  throw_all(flaws);
  sender_ = std::move(sender);
  set_broker_clock(options_.redis_url, options_.clock);
  if (ended_) sender_->end();
  settled_.store(true, std::memory_order_release);
}

DurablePush::MakeTarget AppCore::durable_target() const {
  if (!is_no_redis(options_.redis_url)) return {};
  std::vector<Database*> databases;
  for (const auto& [alias, database] : databases_) databases.push_back(database.get());
  return [databases = std::move(databases)] { return std::make_unique<JobNotifier>(databases); };
}

void AppCore::add_database(const std::string& alias, const DatabaseOptions& database) {
  if (!valid_name(alias))
    throw ConfigError{"database alias '" + clean_text(alias, 64) + "' is not a valid name"};
  if (database.url.empty()) {
    throw ConfigError{"database '" + alias + "' of app '" + name_ + "' has no URL: give it one, or set " +
                      variable_of(alias)};
  }
  check_url(database.url, alias);
  databases_.emplace(alias, std::make_unique<Database>(database, alias));
}

AppOptions AppCore::given_options() {
  const std::lock_guard lock{mutex_};
  return options_;
}

const AppOptions& AppCore::options() {
  settle();
  return options_;
}

const std::map<std::string, std::unique_ptr<Database>, std::less<>>& AppCore::databases() {
  settle();
  return databases_;
}

std::vector<std::string> AppCore::database_aliases() {
  std::vector<std::string> aliases;
  for (const auto& [alias, database] : databases()) aliases.push_back(alias);
  return aliases;
}

Database& AppCore::database(std::string_view alias) {
  const auto found = databases().find(alias);
  if (found != databases_.end()) return *found->second;
  std::string known;
  for (const auto& [name, database] : databases_) known += (known.empty() ? "" : ", ") + name;
  throw ConfigError{"app '" + name_ + "' has no database '" + std::string{alias} +
                    "': " + (known.empty() ? "none is configured, set DATABASE_URL" : "it has " + known)};
}

Database& AppCore::default_database() {
  return databases().size() == 1 ? *databases_.begin()->second : database(defaults::kDatabase);
}

Database& AppCore::database_or_default(std::string_view alias) {
  return alias.empty() ? default_database() : database(alias);
}

std::vector<SetUpFinding> AppCore::check(bool tables) {
  std::vector<SetUpCheck> checks{broker_check(options().redis_url)};
  for (const auto& [alias, database] : databases()) checks.push_back(database_check(*database, tables));
  return look_at_all(std::move(checks));
}

void AppCore::end() noexcept {
  test_kit_.reset();
  const std::lock_guard lock{mutex_};
  ended_ = true;
  if (!settled_) return;
  sender_->end();
  for (const auto& [alias, database] : databases_) database->core()->pool.drop_idle();
}

std::shared_ptr<JobSender> AppCore::sender() {
  settle();
  return sender_;
}

std::shared_ptr<JobSender> AppCore::set_sender(std::shared_ptr<JobSender> sender) {
  settle();
  return std::exchange(sender_, std::move(sender));
}

TaskEntry& AppCore::declare(App& app, std::string name, TaskOptions options) {
  if (!valid_name(name)) {
    throw UsageError{"task name '" + clean_text(name, 64) + "' is not valid: 1 to 64 of a-z A-Z 0-9 _ . -"};
  }
  if (!valid_name(options.queue)) {
    throw UsageError{"queue '" + clean_text(options.queue, 64) + "' of task '" + name +
                     "' is not a valid name: 1 to 64 of a-z A-Z 0-9 _ . -"};
  }
  check_retry_policy(name, options.max_retries, options.backoff, options.retry_for);
  if (options.unique) check_unique(name, *options.unique, options.transactional);
  if (!tasks_.contains(name)) limits_.add_task(name, options);
  const auto [entry, added] = tasks_.try_emplace(name, nullptr);
  if (!added) throw UsageError{"task '" + name + "' is declared twice in app '" + name_ + "'"};
  entry->second = std::make_unique<TaskEntry>(TaskEntry{app, std::move(name), std::move(options)});
  entry->second->counts = &own_counts_.emplace_back();
  return *entry->second;
}

const PeriodicEntry& AppCore::declare(PeriodicEntry periodic) {
  check_periodic(periodic, name_);
  auto name = periodic.name;
  const auto [entry, added] = periodic_.try_emplace(std::move(name), std::move(periodic));
  if (!added) {
    throw UsageError{"periodic task '" + entry->first + "' is declared twice in app '" + name_ + "'"};
  }
  return entry->second;
}

const TaskEntry* AppCore::find_task(std::string_view name) const {
  const auto found = tasks_.find(name);
  return found == tasks_.end() ? nullptr : found->second.get();
}

std::vector<std::string> AppCore::task_names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : tasks_) names.push_back(name);
  return names;
}

bool AppCore::has_flows() const {
  return std::ranges::any_of(tasks_, [](const auto& task) { return task.second->is_flow; });
}

void AppCore::around_enqueue(AroundEnqueue middleware) {
  check_middleware(!middleware);
  middleware_.enqueue.push_back(std::move(middleware));
}

void AppCore::around_run(AroundRun middleware) {
  check_middleware(!middleware);
  middleware_.run.push_back(std::move(middleware));
}

void AppCore::check_middleware(bool empty) const {
  if (empty) throw UsageError{"cannot register a middleware of app '" + name_ + "': the function is empty"};
  if (middleware_used_) {
    throw UsageError{"cannot register a middleware of app '" + name_ +
                     "': it has asked for a job already, or has run one; register all of them before that"};
  }
}

}  // namespace detail
}  // namespace aftercommit
