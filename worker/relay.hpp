/// Brings durable jobs from a job table to the broker: those that their producer could not send, those
/// enqueued by SQL, and all of them after the broker has lost its data.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "broker/broker.hpp"
#include "client/job_feed.hpp"
#include "client/job_listener.hpp"
#include "client/job_table.hpp"
#include "worker/home.hpp"
#include "worker/reconnect.hpp"

namespace aftercommit::worker {

/// One sweep after the other; any number of relays may read the same table.  For one thread.
class Sweeper {
 public:
  /// `broker` and `database` are not owned and outlive this.
  Sweeper(Broker& broker, Database& database, std::vector<Queue> queues, std::size_t payload_limit);

  /// Brings all jobs that are visible now and were not at the last sweep of anybody; answers how many were
  /// missing in the broker.  Throws what the broker and the database throw.
  std::size_t sweep(const std::stop_token& stop = {});

  /// After an error: the database may be another one now.
  void forget_source() { source_.reset(); }

 private:
  std::optional<detail::FeedCursor> start_anew(const Queue& queue, const std::string& expected);
  void sweep(const Queue& queue, const std::string& known, const std::stop_token& stop);
  bool bring(const Queue& queue, detail::FeedCursor& cursor, const detail::FeedPage& page);
  bool step(const Queue& queue, detail::FeedCursor& cursor, detail::FeedCursor next,
            std::vector<Outgoing> jobs);
  std::vector<Outgoing> load(const std::vector<JobId>& missing);
  std::optional<Outgoing> outgoing(const detail::JobRow& row);
  void bury_malformed(const detail::JobRow& row, const std::string& reason);

  Broker& broker_;
  Database& database_;
  const detail::JobFeed feed_;
  const detail::JobTable table_;
  const std::vector<Queue> queues_;
  const std::size_t payload_limit_;
  std::optional<std::string> source_;
  std::size_t brought_ = 0;  // in this sweep
};

/// A Sweeper with a thread: sweeps when the database notifies of a job, and every `interval`.
class Relay {
 public:
  /// `database` and `home` are not owned and outlive this.
  Relay(std::unique_ptr<Broker> broker, Database& database, std::vector<Queue> queues,
        std::size_t payload_limit, std::chrono::milliseconds interval, Home& home);

  void request_stop() { thread_.request_stop(); }  ///< the destructor waits for it

 private:
  void run(const std::stop_token& stop);

  const std::unique_ptr<Broker> broker_;  // used by thread_ alone, as is what follows
  Sweeper sweeper_;
  detail::JobListener listener_;
  const std::chrono::milliseconds interval_;
  Home& home_;
  Reconnect reconnect_{"relaying durable jobs", "the broker or the database"};
  std::jthread thread_;  // last
};

}  // namespace aftercommit::worker
