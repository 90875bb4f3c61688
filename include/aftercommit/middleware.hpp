/// What an application wraps around all its jobs: where they are asked for, and where they run.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "aftercommit/headers.hpp"
#include "aftercommit/job_id.hpp"
#include "aftercommit/trace.hpp"

namespace aftercommit {

class Job;
struct CallOptions;

namespace detail {

/// What a middleware stands around: those that were registered after it, and the thing itself.
class Step {
 public:
  virtual void go() = 0;

 protected:
  ~Step() = default;
};

}  // namespace detail

/// Handed to a middleware, which calls it once: `next()`.  Good until the middleware returns, in its thread.
class Next {
 public:
  explicit Next(detail::Step& step) noexcept : step_{&step} {}
  void operator()() const { step_->go(); }

 private:
  detail::Step* step_;  // not owned
};

/// One call of delay, apply_async or one of their _many forms, as middleware around enqueueing sees it.
struct EnqueueCall {
  const std::string& task;
  const CallOptions& options;
  const std::vector<nlohmann::json>& args;  ///< an array for each job of the call
  /// Of all its jobs: as the options say, and what is changed here before next().
  Headers headers;
  /// The same of their trace context: at first what is open in this thread.
  std::optional<TraceContext> trace;
  const std::vector<JobId>& ids;  ///< of the jobs, in the order of `args`; empty before next() has returned
};

// Middlewares of an app are called in the order in which they were registered, the first outermost.  Each
// calls next() exactly once, or throws: one that returns without is a UsageError, and so is a second call.
//
// What next() throws may be replaced by another exception, but not swallowed: where a middleware returns
// normally after it, it is thrown again behind it.  For the call has no ids to give back then, and the run
// would commit what its task has written before it failed.
//
// Called from many threads at once.

/// Around the asking for jobs, before anything of it has happened: what it throws before next() reaches the
/// caller, and nothing is asked for.  When next() returns, the jobs have joined the open transaction, or have
/// been sent where none is open; what is thrown then reaches the caller as well, and undoes them only where
/// it makes that transaction roll back.  Once for a call of many jobs.  As Sidekiq's client middleware.
///
/// Jobs that SQL asks for do not pass here.
using AroundEnqueue = std::function<void(EnqueueCall& call, const Next& next)>;

/// Around the body of a task, in its transaction, which is begun already and commits after all have returned:
/// job.transaction() is for `SET LOCAL` too.  What it throws fails the attempt as if the task had thrown it,
/// Retry and Reject among them.  Once for each run of the body: an attempt that meets a conflict of
/// transactions runs it again.  A job whose arguments do not convert, or that is held back, does not come so
/// far.  As Sidekiq's server middleware.
using AroundRun = std::function<void(Job& job, const Next& next)>;

}  // namespace aftercommit
