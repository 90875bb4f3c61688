/// Brings back the jobs that stand aside, when they can run.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "broker/contract/aside.hpp"
#include "worker/gate/gate.hpp"
#include "worker/intake/job_buffer.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// Every worker has one.  All jobs of a database as soon as it serves this worker again; what other workers
/// have put aside, once it is sure that this one can run it; and, whatever their reason, those whose time has
/// come.  Where another worker puts the same jobs aside again they come in small shares: one as soon as an
/// executor here has nothing to do, else one each second.
class Returner {
 public:
  /// `gate` and `buffer` are not owned and outlive this.
  Returner(std::unique_ptr<Aside> broker, std::vector<Queue> queues, Gate& gate, const JobBuffer& buffer);

  RoleThread& thread() noexcept { return thread_; }

 private:
  using Clock = std::chrono::steady_clock;
  /// For one reason, while jobs stand aside for it.
  struct Step {
    bool everything = true;          // is to be brought back: none was yet, since its database was away
    Clock::time_point next{};        // share
    Clock::time_point ask_at{};      // its database
    Clock::time_point sure_until{};  // that it serves
  };
  using Steps = std::map<std::pair<Queue, std::string>, Step>;
  using Answers = std::map<const DatabaseWatch*, bool>;  // whether it has answered since the last look

  std::chrono::milliseconds look(const std::stop_token& stop);
  void look_for_limited(const std::stop_token& stop);
  static bool is_sure(DatabaseWatch& watch, Step& step, Answers& answers);
  void bring_back(const AsideJobs& aside, Step& step, const DatabaseWatch* watch,
                  const std::stop_token& stop);

  const std::unique_ptr<Aside> broker_;  // used by thread_ alone, as is what follows
  const std::vector<Queue> queues_;
  Gate& gate_;
  const JobBuffer& buffer_;
  Steps steps_;
  Clock::time_point looked_for_due_{};
  Clock::time_point looked_for_limited_{};
  RoleThread thread_;  // last
};

}  // namespace aftercommit::worker
