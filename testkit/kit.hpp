/// What the test kit keeps of one app.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/testing_capture.hpp"
#include "aftercommit/testing_eager.hpp"
#include "aftercommit/testing_running.hpp"
#include "broker/memory/memory_broker.hpp"
#include "client/transaction/commit_hooks.hpp"
#include "testkit/runner.hpp"
#include "testkit/ticks.hpp"

namespace aftercommit::testing {

/// For the test's thread.
class Kit {
 public:
  /// Made at the first use, and kept as long as the app.  UsageError where its broker is none in memory.
  static Kit& of(App& app);

  explicit Kit(App& app);
  Kit(const Kit&) = delete;
  Kit& operator=(const Kit&) = delete;

  App& app() noexcept { return app_; }
  MemoryBroker& broker() noexcept { return broker_; }
  Runner& runner();

  void reset();
  /// UsageError, with `verb`, where the code has a block open in this thread, or a task runs.
  void check_free(std::string_view verb) const;

  std::vector<JobRun> drain(const DrainOptions& options);
  /// When something is due that is not yet; nothing: never.
  std::optional<std::chrono::system_clock::time_point> next_due();
  /// Nobody else runs jobs meanwhile.
  class Busy;

  /// The code has committed inside the test's transaction.
  void code_committed() { run_eagerly(); }

  /// What an Eager has asked for; null: none.  Not owned.
  struct EagerRuns {
    EagerOptions options;
    std::vector<JobRun> runs{};
  };
  EagerRuns*& eager() noexcept { return eager_; }
  /// Where it is on, and this is no place in the midst of something.
  void run_eagerly();

  /// What capture_on_commit() is at; null: nothing.  Not owned.
  struct Capture {
    std::map<const aftercommit::detail::Session*, aftercommit::detail::CommitHooks::Mark> began{};
    Captured captured{};
  };
  Capture*& capture() noexcept { return capture_; }
  /// Where what it captures begins among what waits in a session.
  aftercommit::detail::CommitHooks::Mark began(const aftercommit::detail::Session& session) const;

  /// Those of this thread that are under a test, in the order of their aliases.
  std::vector<aftercommit::detail::Session*> sessions_under_test() const;

 private:
  bool is_free() const noexcept;
  bool run_next(std::vector<JobRun>& runs);
  void commit_waiting();
  void bring_rows();
  bool bring_back();
  bool bring_woken();

  App& app_;
  MemoryBroker broker_;
  Ticks ticks_;
  std::unique_ptr<Runner> runner_;         // null: nothing has run yet
  std::set<std::pair<JobId, int>> woken_;  // that were brought, with their attempts
  bool busy_ = false;
  EagerRuns* eager_ = nullptr;
  Capture* capture_ = nullptr;
};

class Kit::Busy {
 public:
  explicit Busy(Kit& kit) : kit_{kit} { kit_.busy_ = true; }
  ~Busy() { kit_.busy_ = false; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  Kit& kit_;  // not owned, outlives this
};

/// What waits, as users see it; nothing where the payload cannot be read.
std::optional<EnqueuedJob> described(std::string_view payload, std::size_t payload_limit,
                                     std::optional<std::chrono::milliseconds> due_in);
std::optional<EnqueuedJob> described(const aftercommit::detail::PendingJob& job, App& app);

}  // namespace aftercommit::testing
