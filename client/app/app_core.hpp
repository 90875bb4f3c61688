/// What an App is made of.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/app.hpp"
#include "client/app/enqueue_counts.hpp"
#include "client/app/limit_rules.hpp"
#include "client/app/middleware.hpp"
#include "client/app/set_up_checks.hpp"
#include "client/results/result_waiters.hpp"
#include "client/sending/durable_push.hpp"
#include "client/transaction/commit_hooks.hpp"

namespace aftercommit::detail {

class Session;

/// Thread-safe once the tasks are declared; settings are fixed at the first use.
class AppCore {
 public:
  AppCore(std::string name, AppOptions options) : name_{std::move(name)}, options_{std::move(options)} {}

  const std::string& name() const noexcept { return name_; }
  void configure(AppOptions options);
  AppOptions given_options();   ///< as they stand, without settling them
  const AppOptions& options();  ///< settled: what was empty is filled from the environment
  const Clock& clock() { return options().clock != nullptr ? *options().clock : system_clock(); }

  Database& database(std::string_view alias);
  Database& default_database();  ///< "default", or the only one there is; ConfigError
  Database& database_or_default(std::string_view alias);  ///< the default one where it is empty
  std::vector<std::string> database_aliases();
  const std::map<std::string, std::unique_ptr<Database>, std::less<>>& databases();

  /// The broker first, then the databases by their aliases; `tables` as for database_check().
  std::vector<SetUpFinding> check(bool tables);

  std::shared_ptr<JobSender> sender();
  /// A worker sends the jobs of its tasks in a way of its own; gives back the sender before.  While no task
  /// runs.
  std::shared_ptr<JobSender> set_sender(std::shared_ptr<JobSender> sender);

  /// What durable jobs are sent to after their commit where there is no Redis, for who makes a sender; empty:
  /// there is one, which they are sent to.  Once it is settled.
  DurablePush::MakeTarget durable_target() const;

  /// The process ends: sends what is on its way and closes what is idle.  All works as before, but pushes no
  /// durable job any more.
  void end() noexcept;

  TaskEntry& declare(App& app, std::string name, TaskOptions options);
  const TaskEntry* find_task(std::string_view name) const;
  std::vector<std::string> task_names() const;
  bool has_flows() const;  ///< any of the tasks is one

  ResultWaiters& result_waiters() noexcept { return result_waiters_; }

  /// What the test kit keeps of the app: ends before all else of it.  For one thread; null: nothing.
  std::shared_ptr<void>& test_kit() noexcept { return test_kit_; }

  /// Throws UsageError.
  const PeriodicEntry& declare(PeriodicEntry periodic);
  /// By name.
  const std::map<std::string, PeriodicEntry, std::less<>>& periodic() const noexcept { return periodic_; }

  /// Those that tasks and queues were declared with.
  LimitRules& limits() noexcept { return limits_; }

  std::vector<MetricFamily> metrics() const;
  /// From now on all is counted there, by who runs a worker: before the first use, and while nothing else
  /// runs. Not owned, outlive this.
  void count_in(SendCounts& sends, const std::function<EnqueueCounts&(const std::string& task)>& of_task);
  SendCounts& send_counts() noexcept { return *send_counts_; }

  void around_enqueue(AroundEnqueue middleware);
  void around_run(AroundRun middleware);
  /// For who asks for jobs, or runs one: from then on no other is taken.
  const Middleware& middleware() noexcept {
    if (!middleware_used_.load(std::memory_order_relaxed))
      middleware_used_.store(true, std::memory_order_relaxed);
    return middleware_;
  }

 private:
  void settle();
  void add_database(const std::string& alias, const DatabaseOptions& database);
  void check_middleware(bool empty) const;

  const std::string name_;
  std::mutex mutex_;  // protects what follows while it is being settled
  std::atomic<bool> settled_{false};
  bool ended_ = false;
  AppOptions options_;
  std::map<std::string, std::unique_ptr<Database>, std::less<>> databases_;
  SendCounts own_send_counts_;
  SendCounts* send_counts_ = &own_send_counts_;
  std::deque<EnqueueCounts> own_counts_;  // those of the tasks
  std::shared_ptr<JobSender> sender_;
  std::map<std::string, std::unique_ptr<TaskEntry>, std::less<>> tasks_;  // declared before threads start
  std::map<std::string, PeriodicEntry, std::less<>> periodic_;            // the same
  LimitRules limits_;                                                     // the same
  Middleware middleware_;                                                 // registered before threads start
  std::atomic<bool> middleware_used_{false};
  ResultWaiters result_waiters_;
  std::shared_ptr<void> test_kit_;  // last: uses the others
};

}  // namespace aftercommit::detail
