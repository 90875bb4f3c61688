/// Flows, and the events that they wait for: part of the load where the chaos is to use every feature.
#pragma once

#include "fault/harness/dice.hpp"
#include "fault/harness/intent.hpp"
#include "fault/harness/journey_tasks.hpp"

namespace aftercommit::fault {

/// For one thread.
class JourneyLoad {
 public:
  explicit JourneyLoad(const JourneyTasks& tasks);  ///< not owned

  /// Asks for one of 5 to 20 stops, by a call or by SQL, in the transaction that is open.
  void ask(Dice& dice, Transaction& tx, Intent& intent);
  /// Gives one of the events that are due, whoever has asked for its flow: by a call, or by SQL on a
  /// connection of its own.  Some of these transactions roll back, and some events are given once more. Never
  /// throws for what the servers do.
  void give_due();

 private:
  void give(Transaction& tx, bool by_sql);

  const JourneyTasks& tasks_;
  Database elsewhere_;
  Dice dice_;
  long given_ = 0;
};

}  // namespace aftercommit::fault
