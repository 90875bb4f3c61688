/// Where jobs are enqueued.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "aftercommit/job_id.hpp"
#include "aftercommit/priority.hpp"
#include "broker/contract/broker_part.hpp"
#include "broker/contract/names.hpp"

namespace aftercommit {

/// A job on its way in.  The payload is opaque here (an encoded Envelope, if all is well).
struct Outgoing {
  Queue queue;
  std::string payload;
  /// Due this long from now, by the broker's clock; zero or less: ready at once.
  std::optional<Millis> countdown{};
  /// Or due at an instant; at most one of the two.
  std::optional<std::chrono::system_clock::time_point> eta{};
  /// The id of a durable job, which the job table holds as well.  The broker takes it once: one that it has
  /// already, in whatever state, is left as it is, and counts as enqueued.
  std::optional<JobId> durable{};
  /// Added though the broker has its id: that may be of a copy which is about to be forgotten.  No second
  /// copy has an effect of its own.  Ready at once it replaces the same payload among the delayed ones.
  bool again = false;
  /// Its level, which the broker keeps whatever becomes of the job here.
  Priority priority = Priority::kNormal;
};

/// What enqueue throws: which of the jobs it was given are not known to be in the broker.
class EnqueueFailure : public Error {
 public:
  EnqueueFailure(const std::string& what, std::vector<std::size_t> unsent, bool retryable, bool in_doubt)
      : Error{what}, unsent_{std::move(unsent)}, retryable_{retryable}, in_doubt_{in_doubt} {}
  const std::vector<std::size_t>& unsent() const noexcept { return unsent_; }  ///< indexes, ascending
  bool retryable() const noexcept override { return retryable_; }
  bool in_doubt() const noexcept override { return in_doubt_; }  ///< some of them may be there all the same

 private:
  std::vector<std::size_t> unsent_;
  bool retryable_;
  bool in_doubt_;
};

/// For whoever sends jobs.
class EnqueueTarget : public BrokerPart {
 public:
  /// Adds jobs, all in one pipelined round trip, within `timeout` in all, connecting included.  A connection
  /// that turns out dead is replaced and the jobs sent again while time is left: a job may then be there
  /// twice, unless it is durable.  Delayed jobs are told apart by their payload: one that waits already stays
  /// one job, due at the earlier time.  Throws EnqueueFailure, and nothing else of ours.
  virtual void enqueue(std::span<const Outgoing> jobs, Millis timeout) = 0;

  /// Whether its jobs live in this process, so that no call takes a round trip.
  virtual bool is_in_process() const { return false; }
};

}  // namespace aftercommit
