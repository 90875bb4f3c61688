/// Before each test, and around it.
#pragma once

#include <memory>

#include "aftercommit/app.hpp"

namespace aftercommit::testing {

/// Makes the tables of jobs in all databases of the app, or brings them up to date, as `aftercommit migrate`
/// does; quick where nothing is to do.  On connections of its own, so it commits inside a test's transaction
/// as well.  What runs jobs (drain, run_task ...) does it by itself.
void migrate(App& app);

/// Begins a test: the broker in memory forgets all its jobs, dead ones included, and the ticks of periodic
/// tasks count from now on.  TransactionTest does it by itself.  UsageError where the app's broker is none in
/// memory.
void reset(App& app);

/// Takes what a test does back: opens a transaction on each database of the app, in this thread, and rolls
/// them back when it is destroyed.  The code under test does as in production, and its outermost blocks
/// become savepoints that do not know it: they may be `durable`, set an isolation (which is not kept: it is
/// the test's), and a job or hook that is asked for in one that rolls back is dropped.  What waits for a
/// commit waits on, to be looked at by enqueued() and capture_on_commit(), or done by drain(); never by the
/// end of the test.  As Django's TestCase.
///
/// Not seen are: other threads, which have transactions of their own; delivery kImmediate, which sends at
/// once; manual mode, which is refused inside a block, and so here.
///
/// For one thread and scope.  UsageError inside a block or manual mode; throws DatabaseUnavailable.
class RolledBackTransaction {
 public:
  explicit RolledBackTransaction(App& app);
  ~RolledBackTransaction();
  RolledBackTransaction(const RolledBackTransaction&) = delete;
  RolledBackTransaction& operator=(const RolledBackTransaction&) = delete;

  /// Throws what deferred constraints would say at a commit, as PostgreSQL does
  /// (pqxx::foreign_key_violation); the transaction can only end then.  Of no effect where it is broken
  /// already.  As Django's TestCase does at its end.
  void check_constraints();

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace aftercommit::testing
