/// Brings back the jobs that stand aside, when they can run.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "broker/broker.hpp"
#include "worker/gate.hpp"
#include "worker/reconnect.hpp"

namespace aftercommit::worker {

/// Every worker has one.  All jobs of a database as soon as it serves this worker again; what other workers
/// have put aside, once it is sure that this one can run it; and, whatever their reason, those whose time has
/// come.  Where another worker puts the same jobs aside again and again it waits longer each time.
class Returner {
 public:
  /// `gate` is not owned and outlives this.
  Returner(std::unique_ptr<Broker> broker, std::vector<Queue> queues, Gate& gate);

  void request_stop() { thread_.request_stop(); }  ///< the destructor waits for it

 private:
  using Clock = std::chrono::steady_clock;
  struct Step {
    Clock::time_point next{};
    std::chrono::milliseconds pause{};
    std::size_t jobs = 0;  // when it was last taken
  };
  using Steps = std::map<std::pair<Queue, std::string>, Step>;

  void run(const std::stop_token& stop);
  bool look(const std::stop_token& stop);
  bool is_time(const AsideJobs& aside);
  void bring_all(const AsideJobs& aside, const DatabaseWatch* watch, const std::stop_token& stop);

  const std::unique_ptr<Broker> broker_;  // used by thread_ alone, as is what follows
  const std::vector<Queue> queues_;
  Gate& gate_;
  Steps steps_;
  Clock::time_point looked_for_due_{};
  Reconnect reconnect_{"bringing back jobs"};
  std::jthread thread_;  // last
};

}  // namespace aftercommit::worker
