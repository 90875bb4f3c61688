/// Looks again and again whose the queues are, and once whether one has been forgotten.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "aftercommit/app.hpp"
#include "worker/home/home.hpp"
#include "worker/roles/reconnect.hpp"
#include "worker/settings/options.hpp"

namespace aftercommit::worker {

/// Sentences for queues that the worker serves, and that none of its tasks is declared for: mistyped,
/// perhaps.
std::vector<std::string> undeclared_queues(App& app, const Options& options);

/// On a thread of its own, until destroyed.
class HomeWatch {
 public:
  /// `app` and `home` are not owned and outlive this.
  HomeWatch(App& app, const Options& options, Home& home);

 private:
  void run(const std::stop_token& stop);
  bool wait_a_heartbeat(const std::stop_token& stop);
  /// Says, each minute at most, which queues tasks are declared for: `aftercommit stats` shows them.
  void declare_queues();
  /// Warns of queues that tasks are declared for and no living worker serves.
  void look_for_unserved_queues();

  App& app_;
  const Options options_;
  Home& home_;
  Reconnect reconnect_{"looking whose the queues are"};
  std::chrono::steady_clock::time_point declare_at_{};  // used by thread_ alone
  std::mutex mutex_;                                    // only to wait on wake_
  std::condition_variable_any wake_;
  std::jthread thread_;  // last
};

}  // namespace aftercommit::worker
