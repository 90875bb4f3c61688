/// Brings durable jobs to the broker once their transaction has been committed.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/contract/enqueue_target.hpp"
#include "client/sending/send_counts.hpp"
#include "client/transaction/commit_hooks.hpp"

namespace aftercommit::detail {

/// Nobody waits for it: a thread of its own, started with the first job, sends what has come together while
/// it was at the jobs before.  What it cannot send, or has not sent when the process dies, the relay of a
/// worker brings.  A child of a fork has its own thread and connection.  Thread-safe.
class DurablePush {
 public:
  /// Makes what the jobs are sent to, one for each thread that sends.
  using MakeTarget = std::function<std::unique_ptr<EnqueueTarget>()>;

  /// Does not connect yet.  `timeout` bounds each call of the target.  `counts` is not owned and outlives
  /// this.
  DurablePush(MakeTarget make_target, std::chrono::milliseconds timeout, SendCounts& counts);
  /// To the broker of this URL.
  DurablePush(std::string url, std::chrono::milliseconds timeout, SendCounts& counts);
  /// Sends what still waits, for `timeout` at most.
  ~DurablePush();
  DurablePush(const DurablePush&) = delete;
  DurablePush& operator=(const DurablePush&) = delete;

  /// Never throws: a job that is not taken is the relay's.
  void push(std::vector<PendingJob> jobs) noexcept;
  /// Sends what still waits, for `timeout` at most; later jobs are the relay's.
  void end() noexcept;

 private:
  class Thread;
  Thread& of_this_process();

  const MakeTarget make_target_;
  const std::chrono::milliseconds timeout_;
  SendCounts& counts_;
  std::atomic<Thread*> thread_;  // owned; one that a fork left behind is let go
};

}  // namespace aftercommit::detail
