#include "worker/run_worker.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <optional>
#include <pqxx/except>
#include <string>
#include <thread>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "client/app_core.hpp"
#include "client/environment.hpp"
#include "client/error_text.hpp"
#include "client/migrations.hpp"
#include "client/read_only.hpp"
#include "client/worker_backends.hpp"
#include "worker/command_line.hpp"
#include "worker/crash_report.hpp"
#include "worker/crash_watch.hpp"
#include "worker/daemon.hpp"
#include "worker/logging.hpp"
#include "worker/recycling.hpp"
#include "worker/relays.hpp"
#include "worker/signals.hpp"
#include "worker/worker_id.hpp"

namespace aftercommit::worker {
namespace {

constexpr std::size_t kOwnConnections = 5;  // for hooks, the relay, the recoverer and the purger

/// The command's URLs win over the app's own; each thread gets a connection, and the worker's roles theirs.
void configure(App& app, const Options& options, const WorkerId& worker) {
  AppOptions settings = app.core().given_options();
  detail::fill_from_environment(settings);  // first: a database of the command comes beside those found there
  if (!options.redis_url.empty()) settings.redis_url = options.redis_url;
  for (const auto& [alias, url] : options.database_urls) settings.databases[alias].url = url;
  for (auto& [alias, database] : settings.databases) {
    database.pool_size = std::max(database.pool_size, options.concurrency + kOwnConnections);
    if (!options.schema.empty()) database.schema = options.schema;
    database.application_name =
        detail::application_name_of(worker);  // so that its sessions can be told apart
    database.connect_timeout = std::min(database.connect_timeout, std::chrono::seconds{3});
  }
  app.configure(std::move(settings));
}

/// Brings the tables up to date where that is allowed, and makes sure that they can be used.
void prepare_schemas(App& app, const Options& options) {
  for (const auto& [alias, database] : app.core().databases()) {
    try {
      if (options.migrate && detail::schema_version(*database) < detail::kSchemaVersion)
        detail::migrate(*database);
    } catch (const pqxx::insufficient_privilege&) {
      // Then somebody else has to, as check_schema says.
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw ConfigError{"cannot make the tables of schema '" + database->options().schema +
                        "' on database '" + alias + "': " + detail::first_line(error)};
    }
    detail::check_schema(*database);
  }
}

void check_set_up(App& app, const Options& options) {
  for (const auto& warning : app.core().check()) {
    log(LogLevel::kWarning, warning, {{"redis", masked_url(app.options().redis_url)}});
  }
  for (const auto& [alias, database] : app.core().databases()) {
    if (const auto reason = detail::why_read_only(*database); !reason.empty()) {
      log(LogLevel::kWarning, "a database takes no writes: no job can run on it until it does",
          {{"database", alias}, {"reason", reason}});
    }
  }
  prepare_schemas(app, options);
  for (const auto& name : app.core().task_names()) {
    const auto& task = app.core().find_task(name)->options;
    if (!task.transactional) continue;
    if (app.database_aliases().empty()) {
      throw ConfigError{
          "task '" + name +
          "' runs in a transaction, but no database is configured: set DATABASE_URL or --database, or "
          "declare it with transactional = false"};
    }
    app.core().database_or_default(task.database);  // throws where there is none
  }
}

std::string join(const std::vector<QueueChoice>& queues) {
  std::string text;
  for (const auto& queue : queues) {
    text +=
        (text.empty() ? "" : ",") + queue.name + (queue.weight > 0 ? ":" + std::to_string(queue.weight) : "");
  }
  return text;
}

/// Before this process fetches anything: what the one before it held comes back at once, not after its lease.
void give_back_of_predecessor(App& app, const Options& options, const ProcessStart& start) {
  try {
    report_crash(*make_broker(app.options().redis_url), app, start.slots, options, start.died_of);
  } catch (const Error& error) {
    throw ConfigError{std::string{"cannot give back the jobs of the process that died: "} + error.what()};
  }
  start.slots.reset();
}

/// All is settled: what still waits for a frozen database must not keep the process.
class ForcedExit {
 public:
  explicit ForcedExit(int code)
      : thread_{[this, code](const std::stop_token& stop) {
          constexpr std::chrono::seconds kPatience{2};
          std::unique_lock lock{mutex_};
          ended_.wait_for(lock, stop, kPatience, [] { return false; });
          if (stop.stop_requested()) return;
          log(LogLevel::kWarning, "stopped without waiting for a database that does not answer");
          std::_Exit(code);
        }} {}

 private:
  std::mutex mutex_;  // only to wait on ended_
  std::condition_variable_any ended_;
  std::jthread thread_;  // last
};

int refuse(const std::exception& error, ExitCode code, bool say_why = true) {
  if (say_why) std::cerr << "worker: " << error.what() << '\n';
  return code;
}

using Load = std::function<App&(const Options&)>;

/// What the only process does, or each of several.
int load_and_run(const Load& load, const Options& options, Signals& signals, const ProcessStart* start) {
  const bool say_why = start == nullptr || start->say_why;
  try {
    return run_worker(load(options), options, signals, start);
  } catch (const ConfigError& error) {
    return refuse(error, kExitSetup, say_why);
  } catch (const UsageError& error) {
    return refuse(error, kExitUsage, say_why);
  } catch (const std::exception& error) {
    return refuse(error, kExitInternal, say_why);
  }
}

}  // namespace

int run_worker(App& app, const Options& options, Signals& signals, const ProcessStart* start) {
  set_up_logging(options.log_level, options.log_json);  // again, if the application's library had its own
  const auto worker = make_worker_id();
  configure(app, options, worker);
  check_set_up(app, options);

  ChildSlots* const slots = start != nullptr ? &start->slots : nullptr;
  std::optional<Recycling> recycling;
  if (slots != nullptr) {
    give_back_of_predecessor(app, options, *start);
    recycling.emplace(options, *slots);
    slots->after_each_job([&] { recycling->check(); });
    watch_for_crashes(*slots);
    slots->set_worker(worker);
  }
  std::optional<Daemon> daemon;
  std::optional<Relays> relays;  // of a worker that does nothing else; a Daemon has its own
  if (options.relay_only) {
    relays.emplace(app, names_of(options.queues), options.relay_interval);
  } else {
    daemon.emplace(app, options, worker, slots);
  }
  log(LogLevel::kInfo, "worker started",
      {{"app", app.name()},
       {"worker", worker},
       {"queues", join(options.queues)},
       {"concurrency", std::to_string(options.relay_only ? 0 : options.concurrency)},
       {"redis", masked_url(app.options().redis_url)}});
  if (slots != nullptr) slots->set_ready();
  int signal = 0;
  while (signal == 0) {
    signal = signals.wait(std::chrono::seconds{1});
    // The executors look after each task, but may wait for ever on what is not theirs any more.
    check_files();
  }
  const bool recycled = recycling && recycling->asked();
  if (slots != nullptr) slots->begin_stop(recycled);
  if (!recycled) {
    log(LogLevel::kInfo, "worker stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  }
  if (daemon) daemon->shut_down(signals);
  const auto code = recycled ? kExitRecycle : kExitStopped;
  const ForcedExit forced_exit{code};
  daemon.reset();
  relays.reset();
  log(LogLevel::kInfo, "worker stopped", {{"worker", worker}});
  return code;
}

int main_program(int argc, const char* const* argv, bool needs_app,
                 const std::function<App&(const Options&)>& load) {
  try {
    const auto parsed = parse_command_line(argc, argv, needs_app);
    if (const auto* print = std::get_if<PrintAndExit>(&parsed)) {
      std::cout << print->text << std::flush;
      return kExitStopped;
    }
    const auto& options = std::get<Options>(parsed);
    if (options.processes == 0) {
      Signals signals;  // before any thread, those of the task library included
      return load_and_run(load, options, signals, nullptr);
    }
    set_up_logging(options.log_level, options.log_json);
    return Supervisor{options,
                      [&](Signals& signals, const ProcessStart& start) {
                        return load_and_run(load, options, signals, &start);
                      }}
        .run();
  } catch (const UsageError& error) {
    return refuse(error, kExitUsage);
  } catch (const std::exception& error) {
    return refuse(error, kExitInternal);
  }
}

}  // namespace aftercommit::worker
