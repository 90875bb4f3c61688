/// Looks again and again whose the queues are, and once whether one has been forgotten.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "aftercommit/app.hpp"
#include "worker/home/home.hpp"
#include "worker/roles/role_thread.hpp"
#include "worker/settings/options.hpp"

namespace aftercommit::worker {

/// Sentences for queues that the worker serves, and that none of its tasks is declared for: mistyped,
/// perhaps.
std::vector<std::string> undeclared_queues(App& app, const Options& options);

/// With each heartbeat.
class HomeWatch {
 public:
  /// `app` and `home` are not owned and outlive this.
  HomeWatch(App& app, const Options& options, Home& home);

  RoleThread& thread() noexcept { return thread_; }

 private:
  using Clock = std::chrono::steady_clock;

  void look();
  /// Says, each minute at most, which queues tasks are declared for: `aftercommit stats` shows them.
  void declare_queues();
  /// Warns of queues that tasks are declared for and no living worker serves.
  void look_for_unserved_queues();

  App& app_;
  const Options options_;
  Home& home_;
  // Workers that are started together with this one have their leases by then.
  const Clock::time_point look_for_unserved_at_ = Clock::now() + options_.lease;
  bool looked_for_unserved_ = options_.relay_only;                 // used by thread_ alone, as the next two
  Clock::time_point look_at_ = Clock::now() + options_.heartbeat;  // Home::enter() has looked just now
  Clock::time_point declare_at_{};
  RoleThread thread_;  // last
};

}  // namespace aftercommit::worker
