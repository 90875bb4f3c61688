#include "worker/run_worker.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "base/in_seconds.hpp"
#include "base/process/command_arguments.hpp"
#include "base/process/standard_files.hpp"
#include "base/text/secrets.hpp"
#include "base/text/text.hpp"
#include "worker/daemon.hpp"
#include "worker/home/home_watch.hpp"
#include "worker/log/logging.hpp"
#include "worker/periodic/ticker.hpp"
#include "worker/process/crash_report.hpp"
#include "worker/process/forced_exit.hpp"
#include "worker/process/recycling.hpp"
#include "worker/process/worker_id.hpp"
#include "worker/roles/roles.hpp"
#include "worker/set_up.hpp"
#include "worker/settings/command_line.hpp"
#include "worker/task_list.hpp"
#include "worker/watch/crash_watch.hpp"
#include "worker/watch/fork_watch.hpp"
#include "worker/watch/signals.hpp"
#include "worker/watch/uncaught.hpp"

namespace aftercommit::worker {
namespace {

std::string join(const std::vector<QueueChoice>& queues) {
  std::string text;
  for (const auto& queue : queues) {
    text +=
        (text.empty() ? "" : ",") + queue.name + (queue.weight > 0 ? ":" + std::to_string(queue.weight) : "");
  }
  return text;
}

std::string limit_text(std::chrono::milliseconds limit) {
  return limit.count() > 0 ? in_seconds(limit) + " s" : "none";
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

/// More than an orderly stop takes beyond the shutdown timeout, with servers that do not answer.
constexpr std::chrono::seconds kForTheStop{15};
constexpr std::chrono::seconds kForTheDatabases{2};

int refuse(const std::exception& error, ExitCode code, bool say_why = true) {
  if (!say_why) return code;
  if (code != kExitSetup) {
    say(in_one_line(error.what(), std::string_view::npos));
    return code;
  }
  std::istringstream sentences{error.what()};  // one for each thing that is wrong
  for (std::string sentence; std::getline(sentences, sentence);) say(sentence);
  return code;
}

/// Within the handler of an exception that was not made for people.
UsageError failed(const std::exception& error, bool started) {
  const std::string begin = started ? "this worker has failed: " : "cannot start: ";
  const auto* const system = dynamic_cast<const std::system_error*>(&error);
  if (system == nullptr || system->code() != std::errc::resource_unavailable_try_again) {
    return UsageError{begin + what_was_thrown()};
  }
  return UsageError{begin + "no thread is to be had: " + system->code().message() +
                    "; look at the limits of threads, memory and stacks (ulimit -u, -v, -s, and those of the "
                    "service or container)"};
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
  bool started = false;
  try {
    std::optional<StartWatch> watch{std::in_place, options, signals, start};
    return run_worker(load(options), options, signals, start, watch, started);
  } catch (const ConfigError& error) {
    return refuse(error, kExitSetup);
  } catch (const UsageError& error) {
    return refuse(error, kExitUsage);
  } catch (const std::exception& error) {
    return refuse(failed(error, started), started ? kExitInternal : kExitUsage);
  }
}

}  // namespace

int run_worker(App& app, const Options& options, Signals& signals, const ProcessStart* start,
               std::optional<StartWatch>& start_watch, bool& started) {
  start_watch->enter(StartStep::kChecking);
  set_up_logging(options.log_level, options.log_json);  // again, if the application's library had its own
  const auto worker = make_worker_id();
  configure(app, options, worker);
  auto preparations = check_set_up(app, options);
  Home home{app, names_of(options.queues), !options.relay_only};
  auto warnings = home.enter();
  std::ranges::move(undeclared_queues(app, options), std::back_inserter(warnings));
  if (!options.relay_only) std::ranges::move(undeclared_periodic(app), std::back_inserter(warnings));
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
  std::optional<Roles> relaying;  // of a worker that does nothing else; a Daemon has its own
  if (options.relay_only) {
    add_relaying(relaying.emplace(), app, options, home);
  } else {
    daemon.emplace(app, options, worker, home, std::move(preparations), slots);
  }
  started = true;
  if (slots != nullptr) slots->set_ready();  // before it is said: from now on a death is no failed start
  log(LogLevel::kInfo, "worker started",
      {{"app", app.name()},
       {"worker", worker},
       {"queues", join(options.queues)},
       {"concurrency", options.relay_only ? 0 : options.concurrency},
       {"time_limit", limit_text(options.time_limit)},
       {"soft_time_limit", limit_text(options.soft_time_limit)},
       {"redis", masked_url(app.options().redis_url)}});
  for (const auto& warning : warnings) log(LogLevel::kWarning, warning);
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
  relaying.reset();
  log(LogLevel::kInfo, "worker stopped", {{"worker", worker}});
  return code;
}

int main_program(int argc, const char* const* argv, bool needs_app,
                 const std::function<App&(const Options&)>& load) {
  hold_standard_files();                                   // before anything else is opened
  const auto on_broken_pipe = ::signal(SIGPIPE, SIG_IGN);  // of nobody's who reads the log
  const FlushedLog flushed;
  bool started = false;
  try {
    const auto parsed = parse_command_line(argc, argv, needs_app);
    hide_secret_arguments(argc, argv);
    if (const auto* wanted = std::get_if<PrintAndExit>(&parsed)) return print(wanted->text, on_broken_pipe);
    const auto& options = std::get<Options>(parsed);
    if (options.list_tasks) return print(list_tasks(load(options)), on_broken_pipe);
    if (options.processes == 0) {
      Signals signals;  // before any thread, those of the task library included
      set_up_logging(options.log_level, options.log_json);
      return load_and_run(load, options, signals, nullptr);
    }
    set_up_logging(options.log_level, options.log_json);
    Supervisor supervisor{options, [&](Signals& signals, const ProcessStart& start) {
                            return load_and_run(load, options, signals, &start);
                          }};
    started = true;
    return supervisor.run();
  } catch (const UsageError& error) {
    return refuse(error, kExitUsage);
  } catch (const std::exception& error) {
    return refuse(failed(error, started), started ? kExitInternal : kExitUsage);
  }
}

}  // namespace aftercommit::worker
