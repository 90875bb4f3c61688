#include "worker/run_worker.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <mutex>
#include <optional>
#include <pqxx/except>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "broker/command_arguments.hpp"
#include "broker/standard_files.hpp"
#include "client/app_core.hpp"
#include "client/environment.hpp"
#include "client/error_text.hpp"
#include "client/migrations.hpp"
#include "client/set_up_checks.hpp"
#include "client/worker_backends.hpp"
#include "worker/command_line.hpp"
#include "worker/crash_report.hpp"
#include "worker/crash_watch.hpp"
#include "worker/daemon.hpp"
#include "worker/fork_watch.hpp"
#include "worker/home_watch.hpp"
#include "worker/logging.hpp"
#include "worker/recycling.hpp"
#include "worker/relays.hpp"
#include "worker/signals.hpp"
#include "worker/worker_id.hpp"

namespace aftercommit::worker {
namespace {

/// For hooks, the relay, the recoverer, the purger, presence and the fetcher.
constexpr std::size_t kOwnConnections = 7;

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
void prepare_schema(Database& database, const Options& options) {
  try {
    if (options.migrate && detail::schema_version(database) < detail::kSchemaVersion)
      detail::migrate(database);
  } catch (const pqxx::insufficient_privilege&) {
    // Then somebody else has to, as check_schema says.
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw ConfigError{"cannot make the tables of schema '" + database.options().schema + "' on database '" +
                      database.alias() + "': " + detail::first_line(error)};
  }
  detail::check_schema(database);
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

/// Says all that is wrong, not only what it meets first.
void check_set_up(App& app, const Options& options) {
  const auto findings = app.core().check(false);
  for (const auto& warning : findings.front().warnings) {
    log(LogLevel::kWarning, warning, {{"redis", masked_url(app.options().redis_url)}});
  }
  auto troubles = detail::troubles_of(findings);
  const auto note_trouble = [&](const auto& check) {
    try {
      check();
    } catch (const Error& error) {  // what several tasks miss is said once
      if (std::ranges::find(troubles, error.what()) == troubles.end()) troubles.emplace_back(error.what());
    }
  };
  std::size_t index = 0;  // of the database's finding, behind the broker's
  for (const auto& [alias, database] : app.core().databases()) {
    const auto& finding = findings[++index];
    for (const auto& warning : finding.warnings) log(LogLevel::kWarning, warning, {{"database", alias}});
    if (finding.trouble.empty()) note_trouble([&] { prepare_schema(*database, options); });
  }
  for (const auto& name : app.core().task_names()) {
    const auto before = troubles.size();
    note_trouble([&] { check_task(app, name); });
    if (app.database_aliases().empty() && troubles.size() > before) break;  // as with every other task
  }
  detail::throw_all(troubles);
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
void give_back_of_predecessor(App& app, const Options& options, const ProcessStart& start, Home& home) {
  try {
    report_crash(*make_broker(app.options().redis_url), app, start.slots, options, start.died_of, home);
  } catch (const Error& error) {
    throw ConfigError{std::string{"cannot give back the jobs of the process that died: "} + error.what()};
  }
  start.slots.reset();
}

/// Ends the process where something keeps it from ending by itself.
class ForcedExit {
 public:
  ForcedExit(int code, std::chrono::milliseconds patience, std::string_view message)
      : thread_{[this, code, patience, message](const std::stop_token& stop) {
          std::unique_lock lock{mutex_};
          ended_.wait_for(lock, stop, patience, [] { return false; });
          if (stop.stop_requested()) return;
          log(LogLevel::kWarning, message);
          end_at_once(code);
        }} {}

 private:
  std::mutex mutex_;  // only to wait on ended_
  std::condition_variable_any ended_;
  std::jthread thread_;  // last
};

/// More than an orderly stop takes beyond the shutdown timeout, with servers that do not answer.
constexpr std::chrono::seconds kForTheStop{15};
constexpr std::chrono::seconds kForTheDatabases{2};

int refuse(const std::exception& error, ExitCode code, bool say_why = true) {
  if (!say_why) return code;
  std::istringstream sentences{error.what()};
  for (std::string sentence; std::getline(sentences, sentence);) say(sentence);
  return code;
}

/// Help is for whoever reads it: one who has read enough ends us by SIGPIPE, as any command.
int print(const std::string& text, ::sighandler_t on_broken_pipe) {
  ::signal(SIGPIPE, on_broken_pipe);
  std::cout << text << std::flush;
  return std::cout ? kExitStopped : refuse(UsageError{"cannot write to standard output"}, kExitInternal);
}

/// The last lines of the log, where somebody reads it.
struct FlushedLog {
  ~FlushedLog() { flush_log(); }
};

using Load = std::function<App&(const Options&)>;

/// What the only process does, or each of several.
int load_and_run(const Load& load, const Options& options, Signals& signals, const ProcessStart* start) {
  const bool say_why = start == nullptr || start->say_why;
  const auto refuse = [&](const std::exception& error, ExitCode code) {
    if (start != nullptr) start->slots.set_refused();
    return worker::refuse(error, code, say_why);
  };
  try {
    std::optional<StartWatch> watch{std::in_place, options, signals, start};
    return run_worker(load(options), options, signals, start, watch);
  } catch (const ConfigError& error) {
    return refuse(error, kExitSetup);
  } catch (const UsageError& error) {
    return refuse(error, kExitUsage);
  } catch (const std::exception& error) {
    return refuse(error, kExitInternal);
  }
}

}  // namespace

int run_worker(App& app, const Options& options, Signals& signals, const ProcessStart* start,
               std::optional<StartWatch>& start_watch) {
  start_watch->enter(StartStep::kChecking);
  set_up_logging(options.log_level, options.log_json);  // again, if the application's library had its own
  const auto worker = make_worker_id();
  configure(app, options, worker);
  check_set_up(app, options);
  Home home{app, names_of(options.queues), !options.relay_only};
  auto warnings = home.enter();
  std::ranges::move(undeclared_queues(app, options), std::back_inserter(warnings));
  start_watch->enter(StartStep::kStarting);
  start_watch.reset();

  end_children_at_exit();
  ChildSlots* const slots = start != nullptr ? &start->slots : nullptr;
  std::optional<Recycling> recycling;
  if (slots != nullptr) {
    give_back_of_predecessor(app, options, *start, home);
    recycling.emplace(options, *slots);
    slots->after_each_job([&] { recycling->check(); });
    watch_for_crashes(*slots);
    slots->set_worker(worker);
  }
  std::optional<Daemon> daemon;
  std::optional<Relays> relays;  // of a worker that does nothing else; a Daemon has its own
  if (options.relay_only) {
    relays.emplace(app, names_of(options.queues), options.relay_interval, home);
  } else {
    daemon.emplace(app, options, worker, home, slots);
  }
  if (slots != nullptr) slots->set_ready();  // before it is said: from now on a death is no failed start
  log(LogLevel::kInfo, "worker started",
      {{"app", app.name()},
       {"worker", worker},
       {"queues", join(options.queues)},
       {"concurrency", options.relay_only ? 0 : options.concurrency},
       {"redis", masked_url(app.options().redis_url)}});
  for (const auto& warning : warnings) log(LogLevel::kWarning, warning);
  std::optional<HomeWatch> home_watch{std::in_place, app, options, home};
  int signal = 0;
  while (signal == 0) {
    signal = signals.wait(std::chrono::milliseconds{log_is_behind() ? 200 : 1000});
    // The executors look after each task, but may wait for ever on what is not theirs any more.
    check_files();
  }
  const bool recycled = recycling && recycling->asked();
  if (slots != nullptr) slots->begin_stop(recycled);
  if (!recycled) {
    log(LogLevel::kInfo, "worker stopping", {{"signal", Signals::name(signal)}});
  }
  const ForcedExit stop_exit{kExitForced, options.shutdown_timeout + kForTheStop,
                             "stopped without waiting for a thread that hangs: what this worker still holds "
                             "comes back after its lease"};
  if (daemon) daemon->shut_down(signals);
  const auto code = recycled ? kExitRecycle : kExitStopped;
  // All is settled: what still waits for a frozen database must not keep the process.
  const ForcedExit settled_exit{code, kForTheDatabases,
                                "stopped without waiting for a database that does not answer"};
  daemon.reset();
  relays.reset();
  home_watch.reset();
  log(LogLevel::kInfo, "worker stopped", {{"worker", worker}});
  return code;
}

int main_program(int argc, const char* const* argv, bool needs_app,
                 const std::function<App&(const Options&)>& load) {
  hold_standard_files();                                   // before anything else is opened
  const auto on_broken_pipe = ::signal(SIGPIPE, SIG_IGN);  // of nobody's who reads the log
  const FlushedLog flushed;
  try {
    const auto parsed = parse_command_line(argc, argv, needs_app);
    hide_secret_arguments(argc, argv);
    if (const auto* wanted = std::get_if<PrintAndExit>(&parsed)) return print(wanted->text, on_broken_pipe);
    const auto& options = std::get<Options>(parsed);
    if (options.processes == 0) {
      Signals signals;  // before any thread, those of the task library included
      set_up_logging(options.log_level, options.log_json);
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
