/// An application: its databases, its broker and its tasks, shared by the program that enqueues and the
/// worker.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "aftercommit/cancel.hpp"
#include "aftercommit/clock.hpp"
#include "aftercommit/database.hpp"
#include "aftercommit/delivery.hpp"
#include "aftercommit/export.hpp"
#include "aftercommit/limit.hpp"
#include "aftercommit/metrics.hpp"
#include "aftercommit/middleware.hpp"
#include "aftercommit/parameter_words.hpp"
#include "aftercommit/periodic.hpp"
#include "aftercommit/result.hpp"
#include "aftercommit/task.hpp"

namespace aftercommit {

namespace detail {
class AppCore;
}

template <class... Args>
class FlowTask;
class Plan;
enum class Signalled : std::uint8_t;

/// Where an App finds its servers.  What is left empty comes from the environment, at the first use:
/// REDIS_URL; DATABASE_URL for the alias "default"; DATABASE_URL_REPORTS for the alias "reports".
struct AppOptions {
  std::string redis_url = {};  ///< see make_broker for the forms; without REDIS_URL redis://127.0.0.1:6379/0
  /// By alias.  An entry without a URL takes it from the environment, so {{"default", {.pool_size = 32}}} is
  /// enough.
  std::map<std::string, DatabaseOptions> databases = {};
  /// Of all tasks that say nothing else; empty: durable for jobs that belong to a database, else on commit.
  std::optional<Delivery> delivery = std::nullopt;
  std::size_t payload_limit = defaults::kPayloadLimit;
  /// Longest wait for the broker, of who asks for a job that is not durable, and of ~App.
  std::chrono::milliseconds enqueue_timeout = defaults::kEnqueueTimeout;
  /// Not owned; the machine's by default.  A broker in memory judges by it what is due.
  const Clock* clock = nullptr;
};

/// Usually one global object in a header that the web app and the task library share.  Makes no connection
/// before it is used.  Thread-safe once its tasks are declared, its middleware registered, and it is
/// configured.
class App {
 public:
  AFTERCOMMIT_ABI_TAG explicit App(std::string name, AppOptions options = {});
  /// Sends the durable jobs that are on their way, within enqueue_timeout.  An App with static storage can be
  /// used after that as well, by what is destroyed later: see Database::exec; its durable jobs are then left
  /// to the relay of a worker.
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  const std::string& name() const noexcept;

  /// Replaces the options; UsageError once a database or the broker has been used.
  void configure(AppOptions options);
  /// As given, or as found in the environment; settles them, as any use does.
  const AppOptions& options() const;

  /// ConfigError for an alias that is not configured, naming those that are.
  Database& database(std::string_view alias = defaults::kDatabase) const;
  std::vector<std::string> database_aliases() const;

  /// For the start of a program: ConfigError if the broker or a database cannot be reached or cannot serve,
  /// or if the tables of durable delivery are missing (`aftercommit migrate` makes them); with a line for
  /// each thing that is wrong.  Looks at all of them side by side, on connections of its own, within 5 s in
  /// all. Gives back warnings, as sentences, for what puts jobs at risk: settings of Redis, hosts of URLs.
  std::vector<std::string> check() const;

  /// Has no worker fetch a job of this queue, within its heartbeat (5 s by default); jobs that run go on,
  /// those fetched and not begun go back unharmed, new ones wait.  Kept until resume_queue, whatever
  /// restarts: in the default database, where it joins the transaction that is open on this thread, and takes
  /// effect if that commits; in an app without databases in Redis, and only there lost together with the
  /// jobs.  As Sidekiq Pro's and River's pause.  False: it was paused before.  UsageError for what is no
  /// name, ConfigError where the tables are older than version 7 (`aftercommit migrate`).
  bool pause_queue(const std::string& queue) const;
  /// The same undone, in all databases and in Redis.  False: it was not paused.
  bool resume_queue(const std::string& queue) const;

  /// Limits the jobs of a queue, of whatever task, see limit.hpp.  Declared as a task is, by code that every
  /// worker runs before it starts.  UsageError for what is wrong, or declared otherwise under the same name.
  void limit_queue(const std::string& queue, const Limit& limit);
  /// Changes a limit for all workers, whatever was declared: from now on at most so many, 0 to 10,000; 0:
  /// none begins.  What runs goes on, and counts.  Joins the transaction that is open on this thread, and
  /// takes effect if that commits; kept whatever restarts.  False: it was so before.  UsageError where no
  /// database of the app knows a limit of that name, as no worker has declared it yet; ConfigError where the
  /// tables of all are older than version 8 (`aftercommit migrate`).
  bool set_limit(const std::string& name, int most) const;
  /// As it is declared again.
  bool reset_limit(const std::string& name) const;

  /// Declares a task.  Names have 1 to 64 of a-z A-Z 0-9 _ . - and are unique in the app: UsageError
  /// otherwise.
  template <class... Args>
  requires((!std::is_function_v<Args> && ...)) Task<Args...> task(std::string name,
                                                                  TaskOptions options = {}) {
    auto& entry = declare(std::move(name), std::move(options), false);
    entry.parameters = detail::ParameterWords<Args...>::words();
    return Task<Args...>{entry};
  }
  /// One that returns a value: task<Total(long)>("sum", {.result_ttl = 1h}), see ResultTask.  UsageError with
  /// transactional = false as well: the value is written in the task's transaction.
  template <class Signature>
  requires std::is_function_v<Signature>
  auto task(std::string name, TaskOptions options = {}) {
    using Declared = typename detail::TaskOfSignature<Signature>::type;
    auto& entry = declare(std::move(name), std::move(options), true);
    entry.parameters = detail::ParameterWords<Signature>::words();
    return Declared{entry};
  }

  /// How far a running job of any task says that it has got; nothing: it has said nothing, or has taken
  /// effect.  `database`: the alias of the one that it takes effect in, empty for the default one.  Throws as
  /// ResultTask::result().
  std::optional<JobProgress> progress(const JobId& job, std::string_view database = {}) const;

  /// Asks for a job of the task at each tick of the schedule: whatever number of workers runs, one job a
  /// tick, durable, as a row of the job table of the database that jobs of the task belong to, which workers
  /// decide by.  Declared as a task is, by code that every worker of the app runs before it starts; what
  /// other programs declare is for nobody.  The arguments are converted now, as by Task::delay, and are the
  /// same at each tick; Job::tick() says which one it is.
  ///   const auto nightly = app.periodic("nightly report", cron("0 3 * * *", "Europe/Berlin"), send_report,
  ///   42);
  /// Names have 1 to 100 printable characters of ASCII, spaces inside included, but neither " nor \, and are
  /// unique in the app.  UsageError otherwise, for options that are wrong, or for a task of another app.
  template <class... Args, class... Given>
  Periodic periodic(std::string name, Schedule schedule, const Task<Args...>& task, Given&&... args) {
    return periodic(std::move(name), std::move(schedule), PeriodicOptions{}, task,
                    std::forward<Given>(args)...);
  }
  /// The same with options: {.missed = Missed::kAll, .at_most = 24, .call = {.queue = "reports"}}.
  template <class... Args, class... Given>
  Periodic periodic(std::string name, Schedule schedule, PeriodicOptions options, const Task<Args...>& task,
                    Given&&... args) {
    nlohmann::json encoded;
    if constexpr (!Task<Args...>::template kTakes<Given...>) {
      detail::CheckCall<std::tuple<Args...>, Given...>::check();
    } else {
      detail::CallFlaw flaw;
      const auto converted = detail::convert_all<Args...>(flaw, std::forward<Given>(args)...);
      detail::require_none(flaw, task.name());
      encoded =
          std::apply([](const Args&... each) { return detail::encode_args<Args...>(each...); }, converted);
    }
    return declare_periodic(std::move(name), std::move(schedule), std::move(options), task.name(),
                            std::move(encoded));
  }

  /// Wraps all calls that ask for jobs, or all runs of tasks: see middleware.hpp.  The first one registered
  /// is the outermost.  UsageError for an empty one, and once the app has asked for a job or has run one.
  void around_enqueue(AroundEnqueue middleware);
  void around_run(AroundRun middleware);

  /// Cancels a job, by whoever it was asked for, in the calling thread's open transaction on its database: it
  /// takes effect if, and only if, that commits; without one at once.  As Oban's cancel_job and River's
  /// JobCancel.  Answers where the job stood.  UsageError where the app has no database; ConfigError where
  /// its tables are older than version 3; else throws what Database does.  Where another open transaction
  /// cancels the same job it waits for its end, 2 s at most: then PostgreSQL's lock_not_available.
  Cancelled cancel(const JobId& job, const CancelOptions& options = {}) const;

  /// Declares a flow, a task of many steps: see flow.hpp.  Its jobs are durable.  UsageError as task(), and
  /// for what a flow cannot have: another delivery, no transaction, limits, a result_ttl, Unique but kSkip.
  template <class... Args>
  FlowTask<Args...> flow(std::string name, TaskOptions options = {});

  /// Declares a flow that has its body already: it does the chain or group of jobs that it is given, see
  /// plan.hpp.  UsageError as flow().
  ///   orders.delay(chain(charge(42), print_label(), group(mail("a"), mail("b")), close_order(42)));
  FlowTask<Plan> plan(std::string name, TaskOptions options = {});

  /// Gives a flow an event, in the calling thread's open transaction on its database: it is given if, and
  /// only if, that commits; without one at once.  The first of its name holds, and may come before the flow
  /// waits for it, or has begun; a dead flow that has not taken it may get another.  `value`: as an argument
  /// of a task.  `database`: the alias of the flow's; empty: the default one.  UsageError for a bad name;
  /// PayloadError for what JSON cannot hold; ConfigError where the tables are older than version 9
  /// (`aftercommit migrate`), or not for this role; else as Database.  Where another open transaction gives
  /// the same event it waits for its end.
  template <class T>
  Signalled signal(const JobId& flow, const std::string& event, const T& value,
                   std::string_view database = {}) const;
  /// The same without a value, for an event<void>.
  Signalled signal(const JobId& flow, const std::string& event) const;

  /// What this process has asked for and sent until now, as plain values for any collector; a worker's own
  /// metrics hold the same.  With prometheus-cpp: PrometheusCollectable
  /// (aftercommit/prometheus/collectable.hpp). Counted always, by an atomic addition a call; none of it
  /// speaks to a server.  Tasks beyond the first 100 in the order of their names are counted as "other".
  /// Thread-safe once the tasks are declared.
  std::vector<MetricFamily> metrics() const;

  /// For the library's own parts.
  detail::AppCore& core() const noexcept { return *core_; }

 private:
  detail::TaskEntry& declare(std::string name, TaskOptions options, bool returns);
  detail::TaskEntry& declare_flow(std::string name, TaskOptions options);
  Signalled signal_json(const JobId& flow, const std::string& event, const nlohmann::json& value,
                        std::string_view database) const;

  Periodic declare_periodic(std::string name, Schedule schedule, PeriodicOptions options,
                            const std::string& task, nlohmann::json args);

  detail::AppCore* const core_;  // owned; where this object has static storage, never given up
};

}  // namespace aftercommit
