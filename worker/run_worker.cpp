#include "worker/run_worker.hpp"

#include <algorithm>
#include <iostream>
#include <string>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "client/app_core.hpp"
#include "client/environment.hpp"
#include "worker/command_line.hpp"
#include "worker/daemon.hpp"
#include "worker/logging.hpp"
#include "worker/signals.hpp"

namespace aftercommit::worker {
namespace {

/// The command's URLs win over the app's own; each thread gets a connection, and a little room for hooks.
void configure(App& app, const Options& options) {
  AppOptions settings = app.core().given_options();
  detail::fill_from_environment(settings);  // first: a database of the command comes beside those found there
  if (!options.redis_url.empty()) settings.redis_url = options.redis_url;
  for (const auto& [alias, url] : options.database_urls) settings.databases[alias].url = url;
  for (auto& [alias, database] : settings.databases) {
    database.pool_size = std::max(database.pool_size, options.concurrency + 2);
    database.connect_timeout = std::min(database.connect_timeout, std::chrono::seconds{3});
  }
  app.configure(std::move(settings));
}

void check_set_up(App& app) {
  for (const auto& warning : app.check()) {
    log(LogLevel::kWarning, warning, {{"redis", masked_url(app.options().redis_url)}});
  }
  for (const auto& name : app.core().task_names()) {
    const auto& task = app.core().find_task(name)->options;
    if (!task.transactional) continue;
    if (app.database_aliases().empty()) {
      throw ConfigError{
          "task '" + name +
          "' runs in a transaction, but no database is configured: set DATABASE_URL or --database, or "
          "declare it with transactional = false"};
    }
    // Each throws where there is no such database.
    if (task.database.empty()) {
      app.core().default_database();
    } else {
      app.database(task.database);
    }
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

}  // namespace

int run_worker(App& app, const Options& options, Signals& signals) {
  set_up_logging(options.log_level, options.log_json);
  configure(app, options);
  check_set_up(app);

  Daemon daemon{app, options};
  log(LogLevel::kInfo, "worker started",
      {{"app", app.name()},
       {"worker", daemon.worker()},
       {"queues", join(options.queues)},
       {"concurrency", std::to_string(options.concurrency)},
       {"redis", masked_url(app.options().redis_url)}});
  const int signal = signals.wait();
  log(LogLevel::kInfo, "worker stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  daemon.shut_down(signals);
  log(LogLevel::kInfo, "worker stopped", {{"worker", daemon.worker()}});
  return kExitStopped;
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
    Signals signals;  // before any thread, those of the task library included
    try {
      return run_worker(load(options), options, signals);
    } catch (const ConfigError& error) {
      std::cerr << "worker: " << error.what() << '\n';
      return kExitSetup;
    }
  } catch (const UsageError& error) {
    std::cerr << "worker: " << error.what() << '\n';
    return kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "worker: " << error.what() << '\n';
    return kExitInternal;
  }
}

}  // namespace aftercommit::worker
