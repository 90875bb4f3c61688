/// Tells the broker how jobs ended, in batches that wait for nobody; and sends the jobs that tasks could not.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "broker/contract/broker.hpp"
#include "worker/held/in_hand.hpp"
#include "worker/roles/role_thread.hpp"
#include "worker/roles/unsent_jobs.hpp"

namespace aftercommit::worker {

/// Thread-safe.  While the broker is away all is kept and tried again.
class Settler {
 public:
  /// Where jobs are settled, and where others are sent to: mostly two sides of one broker.
  struct Servers {
    std::shared_ptr<Intake> intake;
    std::shared_ptr<EnqueueTarget> target;
  };
  /// Who is given what is about other jobs.  None is owned; all outlive this.
  struct Others {
    Settler* of_rows = nullptr;         ///< those that were taken from their table; null: this one has them
    std::vector<Settler*> of_shards{};  ///< those of other shards: of the one with number 1, 2, ...
    std::shared_ptr<UnsentJobs> unsent{};  ///< shared with them; null: this one's alone
  };

  /// What is settled is released from `in_hand`, which is not owned and outlives this.  `of_rows`: see
  /// Others. `role`: as RoleThread's, and a literal.
  Settler(std::unique_ptr<Broker> broker, WorkerId worker, InHand& in_hand, Settler* of_rows = nullptr,
          std::string_view role = "settling jobs");
  Settler(Servers servers, WorkerId worker, InHand& in_hand, Others others, std::string_view called,
          std::string_view role = "settling jobs");

  void settle(Settlement settlement);
  void settle(std::vector<Settlement> settlements);
  /// Jobs of a task whose transaction has committed: sent before anything that is settled after this call, so
  /// that the task is not forgotten while its children are not yet known.
  void send(std::vector<Outgoing> jobs);

  RoleThread& thread() noexcept { return thread_; }
  /// For the watchdog, which must not wait: it has something to do and does not do it, or only just begins.
  bool is_behind() const {
    const std::unique_lock lock{mutex_, std::try_to_lock};
    return !lock || (!busy_ && has_more());
  }

  /// Waits until all is settled, up to `timeout`; false if something is left.
  bool flush(std::chrono::milliseconds timeout);

 private:
  bool has_more() const { return !asked_for_.empty() || unsent_->any(); }  // with mutex_ held
  Settler* other_of(const Settlement& settlement) const;
  void call();
  bool take_next(const std::stop_token& stop);
  void gather(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  void take_over() noexcept;  // with mutex_ held
  void carry_out(const std::stop_token& stop);
  void finish(const std::stop_token& stop);
  bool keep_refused(std::vector<Settlement>& settlements, const std::vector<Settled>& answers);
  void look_after_dropped();
  void report(const std::vector<Settlement>& settlements, const std::vector<Settled>& answers) const;

  const Servers servers_;  // used by thread_ alone
  const WorkerId worker_;
  InHand& in_hand_;
  const Others others_;
  const std::shared_ptr<UnsentJobs> unsent_;
  std::vector<Settlement> dropped_;  // used by thread_ alone: see InHand::release
  std::vector<Settlement> work_;     // as dropped_: taken over, and not done yet
  mutable std::mutex mutex_;         // protects what follows
  std::condition_variable_any asked_;
  std::condition_variable idle_;
  std::vector<Settlement> asked_for_;
  bool busy_ = false;
  bool flushing_ = false;  // the worker stops: nothing is waited for any more
  RoleThread thread_;      // last
};

}  // namespace aftercommit::worker
