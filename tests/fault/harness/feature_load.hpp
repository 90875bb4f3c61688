/// What the load asks for besides, where the chaos is to use every feature that keeps state.
#pragma once

#include <chrono>
#include <cstddef>

#include "fault/harness/canceller.hpp"
#include "fault/harness/dice.hpp"
#include "fault/harness/feature_tasks.hpp"
#include "fault/harness/intent.hpp"
#include "fault/harness/journey_load.hpp"

namespace aftercommit::fault {

/// Shares of the jobs that are asked for one by one.
struct FeatureMix {
  double unique = 0.08;
  double returning = 0.06;
  double returning_fails = 0.01;
  double one_a_key = 0.08;
  double together = 0.03;   ///< so often kTogether of them
  double slow = 0.02;       ///< half of them are cancelled
  double journey = 0.05;    ///< flows, of 5 to 20 steps and more
  double cancelled = 0.06;  ///< of all jobs, a moment after their commit
};

inline constexpr std::size_t kTogether = 6;
/// Of jobs whose rate is limited so many are asked for at once, which is more than may begin at once; and
/// seldom enough that they do not pile up.
inline constexpr std::size_t kPacedAtOnce = 12;
inline constexpr std::chrono::seconds kBetweenPaced{10};

/// For one thread.
class FeatureLoad {
 public:
  /// None is owned.
  FeatureLoad(const FaultTasks& usual, const FeatureTasks& tasks, const JourneyTasks& journeys,
              const FeatureMix& mix = {})
      : usual_{usual}, tasks_{tasks}, mix_{mix}, canceller_{tasks.app, mix.cancelled}, journeys_{journeys} {}

  /// Before each transaction.
  void begin();
  /// Maybe asks for one job, or a few that belong together, in the transaction that is open.  False: for
  /// none.
  bool ask(Dice& dice, Transaction& tx, Intent& intent);
  /// Asks for those whose rate is limited, if it is time.  In a transaction that is to commit.  Draws from a
  /// copy: what is drawn after it does not depend on the time.
  void ask_paced(Dice dice, Intent& intent);
  /// After the transaction.
  void end(Dice& dice, const Intent& intent) { canceller_.choose(dice, intent); }

 private:
  using Clock = std::chrono::steady_clock;

  void ask_unique(Dice& dice, Transaction& tx, Intent& intent);

  const FaultTasks& usual_;
  const FeatureTasks& tasks_;
  const FeatureMix mix_;
  Canceller canceller_;
  JourneyLoad journeys_;
  bool may_ask_unique_ = true;
  Clock::time_point paced_at_ = Clock::now() + std::chrono::seconds{2};
};

}  // namespace aftercommit::fault
