/// The dead jobs of all databases and of Redis, as one collection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "operate/dead_job.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// One place they are kept in: the table of one database, or a queue in Redis.
struct DeadSource {
  const Store* store = nullptr;  ///< null: Redis
  Queue queue{};                 ///< in a table, empty for all queues
};

/// Deaths that happen while it works are left for the next time.
class DeadJobs {
 public:
  /// `servers` is not owned and outlives this.
  explicit DeadJobs(Servers& servers) : servers_{servers} {}

  /// Those of Redis: of one queue, or of all if `queue` is empty.
  std::vector<DeadSource> redis(const Queue& queue);

  /// What became of a job that was visited.
  enum class Fate : std::uint8_t { kStays, kGone, kStop };
  /// Visits those of one source, the newest first.
  using Visitor = std::function<Fate(const DeadJob& dead)>;
  void visit(const DeadSource& source, const Visitor& visitor);

  /// The one that this job table keeps.
  static std::optional<DeadJob> find_durable(const Store& store, const std::string& id);

  /// Back into its queue.  An obstacle, or empty.
  std::string retry(const DeadJob& dead);
  /// False if it was gone.
  bool remove(const DeadJob& dead);

  /// Durable jobs that are back in the job table and that a relay has to bring to Redis: because that is
  /// away, or has still to hear from a worker how they ended before.
  std::size_t left_to_relay() const { return left_to_relay_; }
  const std::string& outage() const { return outage_; }  ///< how Redis is away; empty: it is not

 private:
  static void visit_table(const Store& store, const Queue& queue, const Visitor& visitor);
  void visit_redis(const Queue& queue, const Visitor& visitor);
  void let_settle(const DeadJob& dead);
  void push(const DeadJob& dead, const detail::JobTable& table);

  Servers& servers_;  // not owned, outlives this
  std::optional<std::chrono::steady_clock::time_point> patient_until_;
  std::size_t left_to_relay_ = 0;
  std::string outage_;
};

}  // namespace aftercommit::operate
