/// Keeps the ledgers from growing for ever.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "aftercommit/app.hpp"

namespace aftercommit::worker {

/// Every minute, on every worker: whichever comes first removes what is old.
class Purger {
 public:
  /// `app` is not owned and outlives this.
  Purger(App& app, std::chrono::hours kept);

  void request_stop() { thread_.request_stop(); }  ///< the destructor waits for it

 private:
  void run(const std::stop_token& stop);

  App& app_;
  const std::chrono::hours kept_;
  std::mutex mutex_;  // only to wait on wake_
  std::condition_variable_any wake_;
  std::jthread thread_;  // last
};

}  // namespace aftercommit::worker
