/// From parsed options to an exit code.
#pragma once

#include <functional>
#include <optional>

#include "aftercommit/app.hpp"
#include "worker/process/service_manager.hpp"
#include "worker/process/start_watch.hpp"
#include "worker/process/supervisor.hpp"
#include "worker/settings/options.hpp"
#include "worker/telemetry.hpp"
#include "worker/watch/signals.hpp"

namespace aftercommit::worker {

/// Who looks at a worker from outside.  Not owned; null: nobody does.
struct Onlookers {
  Telemetry* telemetry = nullptr;
  const ServiceManager* service = nullptr;
};

/// Takes the options over into the app, checks the set-up, gives back what the process before held (`start`;
/// null for one that nobody watches) and runs until a signal, or until its limit.  Throws ConfigError or
/// UsageError before anything has started, which is until `start_watch` is let go, and whatever comes of a
/// want of threads or memory until `started` is set, which is once all of it runs.
int run_worker(App& app, const Options& options, Signals& signals, const ProcessStart* start,
               const Onlookers& onlookers, std::optional<StartWatch>& start_watch, bool& started);

/// Reads the command line, finds the app by `load` and runs it, in this process or in those it watches; says
/// in one sentence on standard error what went wrong.  Returns the exit code, in each of the processes.
int main_program(int argc, const char* const* argv, bool needs_app,
                 const std::function<App&(const Options&)>& load);

}  // namespace aftercommit::worker
