/// Keeps the ledgers from growing for ever.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "aftercommit/app.hpp"
#include "worker/roles/reconnect.hpp"

namespace aftercommit::worker {

/// Every minute, on every worker: whichever comes first removes what is old.
class Purger {
 public:
  /// `app` is not owned and outlives this.
  Purger(App& app, std::chrono::hours kept);

  void request_stop() { thread_.request_stop(); }  ///< the destructor waits for it

 private:
  void run(const std::stop_token& stop);
  void purge(const std::string& alias, Database& database, const std::stop_token& stop) noexcept;

  App& app_;
  const std::chrono::hours kept_;
  std::map<std::string, SaidOnce> failures_;  // used by thread_ alone, as others; by alias
  std::mutex mutex_;                          // only to wait on wake_
  std::condition_variable_any wake_;
  std::jthread thread_;  // last
};

}  // namespace aftercommit::worker
