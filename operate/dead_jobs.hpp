/// The dead jobs of all databases and of Redis, as one collection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "operate/dead_job.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// Deaths that happen while it works are left for the next time.
class DeadJobs {
 public:
  /// `servers` is not owned and outlives this.
  explicit DeadJobs(Servers& servers) : servers_{servers} {}

  /// The queues of Redis whose dead jobs are meant: this one, or all if it is empty.
  std::vector<Queue> redis(const Queue& queue);

  /// What became of a job that was visited.
  enum class Fate : std::uint8_t { kStays, kGone, kStop };
  /// Visits those of a queue in Redis that died at `until` or before, the newest first.
  using Visitor = std::function<Fate(const DeadJob& dead)>;
  void visit_redis(const Queue& queue, std::optional<std::chrono::system_clock::time_point> until,
                   const Visitor& visitor);

  /// The one of this id, or handle, among those.  `left`: how many letters may be looked at; it ends with all
  /// of one ms, and `next` says which would be the next to look at; empty: that were all.
  std::optional<DeadJob> find_in_redis(const Queue& queue, const std::string& id,
                                       std::optional<std::chrono::system_clock::time_point> until,
                                       std::size_t& left,
                                       std::optional<std::chrono::system_clock::time_point>& next);

  /// The one that this job table keeps.
  static std::optional<DeadJob> find_durable(const Store& store, const std::string& id);

  /// Back into its queue.  An obstacle, or empty.
  std::string retry(const DeadJob& dead);
  /// The same for many of one job table, in one transaction and two round trips to Redis; of each an
  /// obstacle, or empty.
  std::vector<std::string> retry_all(const Store& store, std::span<const DeadJob> dead);
  /// False if it was gone.
  bool remove(const DeadJob& dead);
  /// Many of one job table, by one statement; how many were there.
  static std::size_t remove_all(const Store& store, std::span<const DeadJob> dead);

  /// Durable jobs that are back in the job table and that a relay has to bring to Redis: because that is
  /// away, or has still to hear from a worker how they ended before.
  std::size_t left_to_relay() const { return left_to_relay_; }
  const std::string& outage() const { return outage_; }  ///< how Redis is away; empty: it is not

 private:
  std::string retry_or_tell(const DeadJob& dead);
  void let_settle(const Queue& queue, std::span<const JobId> jobs);
  void push(const DeadJob& dead, const detail::JobTable& table);
  void push_all(const Store& store, const Queue& queue, std::span<const JobId> jobs);

  Servers& servers_;  // not owned, outlives this
  std::optional<std::chrono::steady_clock::time_point> patient_until_;
  std::size_t left_to_relay_ = 0;
  std::string outage_;
};

}  // namespace aftercommit::operate
