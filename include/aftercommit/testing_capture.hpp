/// What waits for a commit that a test never makes.
#pragma once

#include <functional>
#include <vector>

#include "aftercommit/app.hpp"
#include "aftercommit/testing_enqueued.hpp"
#include "aftercommit/testing_running.hpp"

namespace aftercommit::testing {

struct CaptureOptions {
  /// Does it all when the body has returned, as if the code's transactions had committed then: jobs are sent,
  /// hooks called, and jobs that are ready run; with those that they ask for, until there are no more.
  bool execute = false;
};

struct Captured {
  std::vector<std::function<void()>> hooks{};  ///< in the order of their registration
  std::vector<EnqueuedJob> jobs{};             ///< in that of the calls
  std::vector<JobRun> runs{};                  ///< with `execute`
};

/// The hooks and jobs that `body` has asked for, and that would be called and sent after its commits; those
/// of blocks and savepoints that rolled back are not among them.  With `execute` those that they have asked
/// for come behind them.  Without, all of them wait on, and a hook is the caller's to call.  As Django's
/// captureOnCommitCallbacks.  UsageError outside of a test's transaction (RolledBackTransaction), where the
/// code's own commit does all this.  What the body or a hook throws comes through.
Captured capture_on_commit(App& app, const std::function<void()>& body, const CaptureOptions& options = {});

}  // namespace aftercommit::testing
