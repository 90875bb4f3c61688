/// The role that makes durable jobs of what clients of Celery ask for.
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <span>
#include <stop_token>
#include <string>

#include "aftercommit/app.hpp"
#include "broker/contract/celery_queue.hpp"
#include "client/job_table/received_jobs.hpp"
#include "worker/celery/celery_message.hpp"
#include "worker/home/home.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// For one queue of Celery's; any number of bridges, in any number of workers, may be at the same queue.  A
/// message is taken, which leaves it in Redis; its job is committed under Celery's id; then it is forgotten.
/// Who dies in between leaves it among the taken, where another bridge finds it, or the same at its next
/// start; and since the job table knows the id it is one job, however often it is read.  What cannot be a job
/// becomes a dead letter with the reason.
class CeleryBridge {
 public:
  /// `worker`: who buries.  What has been taken for as long as `patience` is taken for left behind; nobody
  /// has a message at hand for so long, unless a server hangs, and then it is read twice, which does no harm.
  /// `app` and `home` are not owned and outlive this.
  CeleryBridge(std::unique_ptr<CeleryQueue> messages, App& app, Queue queue, WorkerId worker, Home& home,
               std::chrono::milliseconds patience);

  RoleThread& thread() noexcept { return thread_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Made;

  std::chrono::milliseconds step(const std::stop_token& stop);
  void look_for_left_behind(const std::stop_token& stop);
  void hand_over(std::span<const std::string> messages);
  Made make(std::span<const std::string> messages) const;
  Made refuse(const std::string& message, const std::string& reason) const;
  detail::ReceivedLetter letter_of(const std::string& message, const CeleryRefusal& refusal) const;
  void enter(const Made& made) const;

  const std::unique_ptr<CeleryQueue> messages_;  // used by thread_ alone, as is what follows
  App& app_;
  const Queue queue_;
  const WorkerId worker_;
  Home& home_;
  const std::chrono::milliseconds patience_;
  bool settled_ = false;         // of what was taken here nothing is left: false after a step that failed
  Clock::time_point look_at_{};  // for what others have left behind
  std::set<std::string> seen_taken_{};  // at the last look
  RoleThread thread_;                   // last
};

}  // namespace aftercommit::worker
