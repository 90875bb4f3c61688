/// Jobs that run at the commit, in the thread that commits.
#pragma once

#include <memory>
#include <vector>

#include "aftercommit/app.hpp"
#include "aftercommit/testing_running.hpp"

namespace aftercommit::testing {

struct EagerOptions {
  /// What a task throws comes out of the block whose commit has run it, which stands all the same; the jobs
  /// behind it run with the next commit.  Else it makes a retry, as in a worker.  As Celery's
  /// task_eager_propagates.
  bool propagate = false;
};

/// While it lives a job runs as soon as it exists: in this thread, right after the commit of the transaction
/// that asked for it, before its hooks (inside a test's transaction: with its hooks, where the code's
/// outermost block ends); one that no transaction asked for at once.  Never in the midst of a transaction,
/// unlike Celery's task_always_eager: a job sent from there by kImmediate, or while another database has a
/// block open in this thread, runs with the next commit, or by drain().  Delayed ones wait: see advance().
///
/// Jobs that other threads ask for are left to drain().  As many run at one commit as by drain(), and then an
/// Error comes out of it.  One at a time; UsageError otherwise.
class Eager {
 public:
  explicit Eager(App& app, const EagerOptions& options = {});
  ~Eager();
  Eager(const Eager&) = delete;
  Eager& operator=(const Eager&) = delete;

  /// So far.
  const std::vector<JobRun>& runs() const noexcept;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace aftercommit::testing
