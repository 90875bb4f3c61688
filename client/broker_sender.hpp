/// Sends jobs to the broker from any thread, over connections that are kept for the next time.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "client/commit_hooks.hpp"

namespace aftercommit::detail {

/// Thread-safe.  As many connections as threads send at the same moment.
class BrokerSender final : public JobSender {
 public:
  /// Takes over jobs of a committed transaction that the broker did not take, to send them later.
  /// Thread-safe.
  using KeepUnsent = std::function<void(std::vector<Outgoing>)>;

  /// Without `keep` each job that is not sent is an EnqueueError, durable ones apart: the relay brings these.
  /// Throws ConfigError for a URL that no broker has; does not connect yet.
  BrokerSender(std::string url, std::chrono::milliseconds timeout, KeepUnsent keep = {});

  void send(std::vector<PendingJob> jobs, bool after_commit) override;

 private:
  void skip_durable(std::vector<PendingJob>& jobs) const;
  void note_outage(const std::string& error);

  std::unique_ptr<Broker> take();
  void give_back(std::unique_ptr<Broker> broker) noexcept;

  const std::string url_;
  const std::chrono::milliseconds timeout_;
  const KeepUnsent keep_;
  /// While the broker is away, durable jobs are left to the relay at once, and nobody's commit waits for a
  /// timeout.
  std::atomic<std::chrono::steady_clock::time_point> away_until_{};
  std::mutex mutex_;  // protects idle_
  std::vector<std::unique_ptr<Broker>> idle_;
};

}  // namespace aftercommit::detail
