/// Sends jobs to the broker from any thread, over connections that are kept for the next time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "broker/contract/shards.hpp"
#include "client/sending/durable_push.hpp"
#include "client/sending/send_counts.hpp"
#include "client/transaction/commit_hooks.hpp"

namespace aftercommit::detail {

/// Thread-safe.  As many connections as threads send at the same moment; durable jobs have one of their own,
/// and with several shards one, with a thread, for each of those: one that is away holds up its own.
class BrokerSender final : public JobSender {
 public:
  /// Takes over jobs of a committed transaction that the broker did not take, to send them later.
  /// Thread-safe.
  using KeepUnsent = std::function<void(std::vector<Outgoing>)>;

  /// Without `keep` each job that is not sent is an EnqueueError, durable ones apart, which nobody waits for.
  /// `counts` is not owned and outlives this.  Throws ConfigError for a URL that no broker has; does not
  /// connect yet.  `make_durable`: what durable jobs are sent to after their commit; empty: the broker.
  BrokerSender(std::string url, std::chrono::milliseconds timeout, SendCounts& counts, KeepUnsent keep = {},
               DurablePush::MakeTarget make_durable = {});

  void send(std::vector<PendingJob> jobs) override;
  void send_now(std::vector<Outgoing> jobs, const std::vector<JobId>& ids) override;
  void end() noexcept override;

 private:
  void push_durable(std::vector<PendingJob>& jobs);
  void send_now(std::vector<Outgoing>& jobs);

  std::unique_ptr<EnqueueTarget> take();
  void give_back(std::unique_ptr<EnqueueTarget> broker) noexcept;

  const std::string url_;
  const std::chrono::milliseconds timeout_;
  SendCounts& counts_;
  const KeepUnsent keep_;
  const Shards shards_;
  std::vector<std::unique_ptr<DurablePush>> durable_{};  // by shard
  bool in_process_ = false;  // the broker: then durable jobs are there at once, as tests want it
  std::mutex mutex_;         // protects idle_
  std::vector<std::unique_ptr<EnqueueTarget>> idle_;
};

}  // namespace aftercommit::detail
