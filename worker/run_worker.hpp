/// From parsed options to an exit code.
#pragma once

#include <functional>

#include "aftercommit/app.hpp"
#include "worker/options.hpp"
#include "worker/signals.hpp"

namespace aftercommit::worker {

/// Takes the options over into the app, checks the set-up and runs until a signal.  Throws ConfigError or
/// UsageError before anything has started.
int run_worker(App& app, const Options& options, Signals& signals);

/// Reads the command line, finds the app by `load` and runs it; says in one sentence on standard error what
/// went wrong. Returns the exit code.
int main_program(int argc, const char* const* argv, bool needs_app,
                 const std::function<App&(const Options&)>& load);

}  // namespace aftercommit::worker
