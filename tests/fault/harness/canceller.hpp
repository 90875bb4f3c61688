/// Cancels some of what has been asked for, a moment later.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "aftercommit/app.hpp"
#include "fault/harness/dice.hpp"
#include "fault/harness/intent.hpp"

namespace aftercommit::fault {

/// What was answered stands in the table `cancel_answer`, by the transaction that cancels: so the oracle
/// knows of what has been committed, and of nothing else.  Half of the calls are SQL, on connections of their
/// own. For one thread.
class Canceller {
 public:
  /// `app` is not owned.  `share`: of all jobs; of those of the task `slow` half.
  Canceller(const App& app, double share);

  /// Draws of jobs that are committed.
  void choose(Dice& dice, const Intent& intent);
  /// Those whose time has come.  Never throws for what the servers do: then nothing is cancelled, or nobody
  /// knows.
  void cancel_due();

 private:
  using Clock = std::chrono::steady_clock;
  struct Chosen {
    Clock::time_point at;
    std::string job;
    bool again = false;  ///< to learn what became of a job that ran
  };

  std::string cancel_by_sql(const std::string& job);
  std::string cancel_by_call(const std::string& job);

  const App& app_;
  Database elsewhere_;
  const double share_;
  std::vector<Chosen> chosen_{};
  bool by_sql_ = false;  // the next one
};

}  // namespace aftercommit::fault
