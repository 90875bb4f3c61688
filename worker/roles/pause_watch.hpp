/// Looks again and again which queues are paused.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "aftercommit/app.hpp"
#include "broker/contract/pauses.hpp"
#include "worker/held/paused_queues.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// With each heartbeat, in every database of the app and in the broker: a queue is paused where one of them
/// says so.  Of one that does not answer the last answer holds; of one that never has, none.
class PauseWatch {
 public:
  /// `app` and `paused` are not owned and outlive this.
  PauseWatch(std::unique_ptr<Pauses> broker, App& app, std::vector<Queue> queues, PausedQueues& paused,
             std::chrono::milliseconds interval);

  RoleThread& thread() noexcept { return thread_; }

 private:
  void look();
  void ask_broker();
  void ask(const std::string& alias, Database& database);

  const std::unique_ptr<Pauses> broker_;  // used by thread_ alone, as is what follows
  App& app_;
  const std::vector<Queue> queues_;
  PausedQueues& paused_;
  std::map<std::string, std::set<Queue>> by_place_;  // last answers: by alias, the broker's by an empty one
  std::map<std::string, SaidOnce> failures_;         // by alias
  std::set<std::string> ready_;                      // aliases whose tables are new enough
  std::set<Queue> told_;                             // in the log
  RoleThread thread_;                                // last
};

}  // namespace aftercommit::worker
