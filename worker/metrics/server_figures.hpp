/// What only the servers know: how many jobs wait, and since when.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "aftercommit/app.hpp"
#include "aftercommit/metrics.hpp"
#include "broker/contract/browsing.hpp"

namespace aftercommit::worker {

/// Asks them when it is asked, but not more often than every five seconds, however many ask it; on a thread
/// of its own, since a server may take its time.  Thread-safe.
class ServerFigures {
 public:
  /// `app` is not owned and outlives this.
  ServerFigures(App& app, std::unique_ptr<Browsing> broker, std::vector<Queue> queues);

  /// Waits for what it has to ask, for `patience` at most; then gives what it had, with its age, and nothing
  /// of the servers where that is older than a minute.
  std::vector<MetricFamily> get(std::chrono::milliseconds patience);

 private:
  using Clock = std::chrono::steady_clock;

  void run(const std::stop_token& stop);
  std::vector<MetricFamily> ask();
  void ask_redis(std::vector<MetricFamily>& families);
  void ask_databases(std::vector<MetricFamily>& families);

  App& app_;
  const std::unique_ptr<Browsing> broker_;  // used by thread_ alone, as is failures_ while it asks
  const std::vector<Queue> queues_;
  std::mutex mutex_;  // protects what follows
  std::condition_variable_any changed_;
  bool wanted_ = false;
  std::uint64_t rounds_ = 0;  // that have ended
  std::vector<MetricFamily> found_;
  Clock::time_point found_at_{};
  std::map<std::string, std::uint64_t> failures_;  // by server
  std::jthread thread_;                            // last
};

}  // namespace aftercommit::worker
