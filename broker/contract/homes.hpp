/// Whose a queue is.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "broker/contract/broker_part.hpp"
#include "broker/contract/names.hpp"

namespace aftercommit {

/// A database that holds the rows of a queue's durable jobs, as a worker knows it.
struct HomeDatabase {
  std::string alias;  ///< by which jobs name it
  std::string token;  ///< of the schema of its tables: one that nothing else has
  std::string where;  ///< for people: "shop at 10.0.0.7:5432, schema aftercommit"
  /// Which of all that have this token, as copies have it too; a standby is none.  Empty: not known.
  std::string instance{};
};

/// What a worker says of itself before it serves a queue.
struct HomeClaim {
  std::vector<HomeDatabase> databases{};
  std::string app{};                 ///< its name; empty: one that runs no tasks
  std::vector<std::string> tasks{};  ///< names of those it declares
  bool adopt = false;  ///< an operator says that the queue is theirs: what others have said is forgotten
};

/// What of a claim does not go together with what others have said before.
struct HomeFinding {
  enum class Kind : std::uint8_t {
    kOtherDatabase,  ///< `subject`, an alias, stands for another database; `detail` says which
    kCopy,  ///< the same, but with one token: one is a copy of the other; `detail` and `instance` say which
    kSameTask,  ///< `subject`, another app, declares the task `detail` as well: each would run the other's
    kOtherApp,  ///< `subject`, another app, has workers for the queue
  };
  Kind kind;
  std::string subject;
  std::string detail{};
  std::string instance{};  ///< only of kCopy: that of the known one

  friend bool operator==(const HomeFinding&, const HomeFinding&) = default;
};

/// A queue that a task is declared for, whether or not there are jobs or workers.
struct DeclaredQueue {
  Queue queue;
  std::string task;  ///< the name of one
};

/// For whoever serves queues, or declares tasks for them.
class Homes : public BrokerPart {
 public:
  /// Says for each queue who serves it from where; answers, for each, what does not go together with what is
  /// known.  In one atomic step for each: where a database is another one or a copy, or a task the same,
  /// nothing of the claim is kept.  An instance that is not known is what the first claim says that has one.
  /// What is known is lost together with the jobs.
  virtual std::vector<std::vector<HomeFinding>> claim_home(const HomeClaim& claim,
                                                           std::span<const Queue> queues) = 0;

  /// The databases that others have said hold the rows of this queue, by alias; changes nothing.
  virtual std::vector<HomeDatabase> home_of(const Queue& queue) = 0;

  /// Says that tasks are declared for these queues, for an operator to see.  It is forgotten after this time,
  /// unless somebody has said it anew.
  virtual void declare_queues(std::span<const DeclaredQueue> declared, Millis time) = 0;
};

}  // namespace aftercommit
