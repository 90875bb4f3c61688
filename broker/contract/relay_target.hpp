/// Where a relay brings the jobs of a job table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/job_id.hpp"
#include "broker/contract/broker_part.hpp"
#include "broker/contract/enqueue_target.hpp"
#include "broker/contract/names.hpp"
#include "broker/contract/shard_share.hpp"

namespace aftercommit {

/// One step of a relay: jobs of one queue, and how far the relay's source has been read with them.
struct RelayStep {
  Queue queue;
  std::string source;    ///< names the job table that is read
  std::string expected;  ///< the cursor as this relay knows it; empty: none
  std::string next;      ///< the cursor once these jobs are in
  std::vector<Outgoing> jobs{};
};

struct RelayPart;

/// For a relay, and whoever finds out what it has missed.
class RelayTarget : public BrokerPart {
 public:
  /// What has cursors of its own: each shard of several, which steps and cursors are asked of; else this.
  /// They live as long as this.
  virtual std::vector<RelayPart> relay_parts();

  /// How far the job table `source` has been read for each queue: what the last relay step said, or empty. It
  /// is lost together with the jobs, or as old as they are, if the broker loses data.
  virtual std::vector<std::string> relay_cursors(std::string_view source, std::span<const Queue> queues) = 0;

  /// Takes the jobs (all of them durable) and moves the cursor in one atomic step, provided that the cursor
  /// still is the expected one; else false, and nothing has changed.  At most a thousand jobs.  Throws
  /// BrokerUnavailable where the connection has been lost since relay_cursors or has_durable: the broker may
  /// have fallen back to an older state with the same cursor, and what it said not hold any more.
  virtual bool relay(const RelayStep& step) = 0;

  /// All sources that there are cursors of in this queue, in any order.
  virtual std::vector<std::string> relay_sources(const Queue& queue) = 0;

  /// Deletes the cursors of these sources.
  virtual void forget_relay_sources(const Queue& queue, std::span<const std::string> sources) = 0;

  /// Which of these durable jobs the broker has.
  virtual std::vector<bool> has_durable(const Queue& queue, std::span<const JobId> jobs) = 0;
};

struct RelayPart {
  RelayTarget& target;
  ShardShare share{};
};

inline std::vector<RelayPart> RelayTarget::relay_parts() { return {RelayPart{*this}}; }

}  // namespace aftercommit
