#include "worker/run_worker.hpp"

#include <algorithm>
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
#include "worker/python_tasks.hpp"
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
void give_back_of_predecessor(App& app, const Options& options, const ProcessStart& start, Home& home,
                              Listener* listener) {
  try {
    report_crash(*make_broker(app.options().redis_url), app, start.slots, options, start.died_of, home,
                 listener);
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
int load_and_run(const Load& load, const Options& options, Signals& signals, const ProcessStart* start,
                 const Onlookers& onlookers) {
  const bool say_why = start == nullptr || start->say_why;
  const auto refuse = [&](const std::exception& error, ExitCode code) {
    if (start != nullptr) start->slots.set_refused();
    return worker::refuse(error, code, say_why);
  };
  bool started = false;
  try {
    std::optional<StartWatch> watch{std::in_place, options, signals, start};
    return run_worker(load(options), options, signals, start, onlookers, watch, started);
  } catch (const ConfigError& error) {
    return refuse(error, kExitSetup);
  } catch (const UsageError& error) {
    return refuse(error, kExitUsage);
  } catch (const std::exception& error) {
    return refuse(failed(error, started), started ? kExitInternal : kExitUsage);
  }
}

/// What is done once a second while a process runs.
void show_life(Daemon* daemon, const Roles* relaying, ChildSlots* slots, ProcessMetrics* metrics) {
  if (daemon != nullptr && !daemon->is_watched()) return;
  if (slots != nullptr) slots->beat();
  if (metrics == nullptr) return;
  Condition condition;
  if (daemon != nullptr) {
    condition = daemon->condition();
  } else if (relaying != nullptr) {
    note(condition.troubles, Trouble::kRelayFails, relaying->any_fails());
  }
  metrics->beat(condition);
}

/// The same for the service manager of a worker without a supervisor.
class KeptAlive {
 public:
  explicit KeptAlive(const ServiceManager* service) : service_{service} {
    if (service_ != nullptr) service_->ready();
  }
  void keep(const Daemon* daemon) {
    const auto interval = service_ != nullptr ? service_->keep_alive_interval() : std::nullopt;
    const auto now = std::chrono::steady_clock::now();
    if (!interval || now < next_ || (daemon != nullptr && !daemon->is_watched())) return;
    next_ = now + *interval;
    service_->keep_alive();
  }
  /// How long may pass until the next keep(), where no more than `longest` may anyway.
  std::chrono::milliseconds patience(std::chrono::milliseconds longest) const {
    const auto interval = service_ != nullptr ? service_->keep_alive_interval() : std::nullopt;
    return std::min(interval.value_or(longest), longest);
  }
  void stopping() const {
    if (service_ != nullptr) service_->stopping();
  }

 private:
  const ServiceManager* const service_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace

int run_worker(App& app, const Options& options, Signals& signals, const ProcessStart* start,
               const Onlookers& onlookers, std::optional<StartWatch>& start_watch, bool& started) {
  start_watch->enter(StartStep::kChecking);
  set_up_logging(options.log_level, options.log_json);  // again, if the application's library had its own
  const auto worker = make_worker_id();
  configure(app, options, worker);
  std::optional<ProcessMetrics> metrics;
  if (onlookers.telemetry != nullptr)
    metrics.emplace(*onlookers.telemetry, start != nullptr ? start->number : 0, app, options);
  auto* const listener = metrics ? &metrics->listener() : nullptr;
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
    give_back_of_predecessor(app, options, *start, home, listener);
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
    daemon.emplace(app, options, worker, home, std::move(preparations), slots, listener);
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
  if (metrics) metrics->serve();
  KeptAlive kept_alive{slots == nullptr ? onlookers.service : nullptr};
  int signal = 0;
  bool makes_room = false;
  while (signal == 0 && !makes_room) {
    show_life(daemon ? &*daemon : nullptr, relaying ? &*relaying : nullptr, slots,
              metrics ? &*metrics : nullptr);
    kept_alive.keep(daemon ? &*daemon : nullptr);
    signal = signals.wait(kept_alive.patience(std::chrono::milliseconds{log_is_behind() ? 200 : 1000}));
    // The executors look after each task, but may wait for ever on what is not theirs any more.
    check_files();
    makes_room = slots != nullptr && slots->asked_to_be_replaced();
  }
  const bool recycled = (recycling && recycling->asked()) || (signal == 0 && makes_room);
  if (slots != nullptr) slots->begin_stop(recycled);
  if (metrics) metrics->stopping();
  kept_alive.stopping();
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
  metrics.reset();
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
    if (options.python_tasks) return print(python_tasks(load(options)), on_broken_pipe);
    const ServiceManager service;
    std::optional<Telemetry> telemetry;
    if (!options.metrics.empty()) telemetry.emplace(options);
    const Onlookers onlookers{.telemetry = telemetry ? &*telemetry : nullptr,
                              .service = service.listens() ? &service : nullptr};
    if (options.processes == 0) {
      Signals signals;  // before any thread, those of the task library included
      set_up_logging(options.log_level, options.log_json);
      return load_and_run(load, options, signals, nullptr, onlookers);
    }
    set_up_logging(options.log_level, options.log_json);
    Supervisor supervisor{options,
                          [&](Signals& signals, const ProcessStart& start) {
                            return load_and_run(load, options, signals, &start, onlookers);
                          },
                          onlookers.service};
    started = true;
    return supervisor.run();
  } catch (const UsageError& error) {
    return refuse(error, kExitUsage);
  } catch (const std::exception& error) {
    return refuse(failed(error, started), started ? kExitInternal : kExitUsage);
  }
}

}  // namespace aftercommit::worker
