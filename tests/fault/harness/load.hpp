/// The standard load: transactions drawn from a seed, each with rows and jobs that must share its fate.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fault/harness/fault_tasks.hpp"
#include "fault/harness/feature_load.hpp"
#include "fault/harness/intent.hpp"

namespace aftercommit::fault {

/// What the load is made of: shares of 1.
struct Mix {
  double rolls_back = 0.30;      ///< of the transactions
  double savepoint = 0.15;       ///< have one that is rolled back
  double bulk = 0.10;            ///< enqueue kBulk jobs by one call
  double by_sql = 0.15;          ///< enqueue by SQL
  double countdown = 0.20;       ///< of the jobs
  long countdown_ms_min = 100;   ///< of those
  long countdown_ms_max = 1500;  ///< of those
  double on_commit = 0.15;       ///< of the jobs
  double fail_once = 0.10;
  double fail_always = 0.01;
  double slow = 0.01;
  long slow_ms = 1000;
  double parent = 0.05;
};

inline constexpr std::size_t kBulk = 10;

/// Runs transactions number by number, each drawn from the seed and its number alone, and notes what it meant
/// and saw.  For one thread.
class Load {
 public:
  /// `features`: asks for jobs besides; null: none.
  Load(const FaultTasks& tasks, IntentFile& file, std::uint64_t seed, const Mix& mix = {},
       FeatureLoad* features = nullptr)
      : tasks_{tasks}, file_{file}, seed_{seed}, mix_{mix}, features_{features} {}

  /// One transaction.  Never throws for what the servers do.
  Outcome produce(long number);

  /// A transaction of the test's own: `body` enqueues and adds what it enqueued to the jobs of the intent.
  /// Commits if `commits`.
  Outcome transact(long number, bool commits, const std::function<void(Transaction&, Intent&)>& body) {
    return run(number, commits, body).outcome;
  }

 private:
  Intent run(long number, bool commits, const std::function<void(Transaction&, Intent&)>& body);

  const FaultTasks& tasks_;  // not owned, as are file_ and features_
  IntentFile& file_;
  const std::uint64_t seed_;
  const Mix mix_;
  FeatureLoad* const features_;
};

long long now_ms();  ///< since 1970

/// Enqueues one job and notes it, by the task's handle.
template <class... Args, class... Given>
IntendedJob& ask(Intent& intent, const Task<Args...>& task, const CallOptions& options,
                 const Given&... arguments) {
  const auto asked = now_ms();
  const auto id = task.apply_async(options, arguments...);
  intent.jobs.push_back({.id = id.str(),
                         .task = task.name(),
                         .durable = options.delivery.value_or(Delivery::kDurable) == Delivery::kDurable,
                         .asked_ms = asked,
                         .countdown_ms = options.countdown.value_or(std::chrono::milliseconds{0}).count()});
  return intent.jobs.back();
}

/// The same by SQL, as a program in any language would.
IntendedJob& ask_by_sql(Transaction& tx, Intent& intent, const std::string& task, const std::string& args,
                        long countdown_ms = 0);

}  // namespace aftercommit::fault
