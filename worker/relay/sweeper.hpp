/// Brings durable jobs from a job table to the broker: the new ones at once, and those that were there before
/// without haste.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <map>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "broker/contract/relay_target.hpp"
#include "client/job_table/job_feed.hpp"
#include "client/job_table/job_table.hpp"
#include "worker/relay/pace.hpp"

namespace aftercommit::worker {

/// One sweep after the other; any number of sweepers may read the same table.  For one thread.
///
/// The new jobs are those that were committed since a first look at this run of the database's server.  The
/// others, the backlog, are read besides, by whichever sweeper is at it, at a bounded pace: all of them after
/// a start, crash or failover of PostgreSQL, and after the broker has lost its data.
class Sweeper {
 public:
  using Clock = std::chrono::steady_clock;

  /// Of the backlog in each second: far below what the servers can, so that the new jobs and everybody else
  /// hardly notice.
  struct Limits {
    double rows = 50'000;  ///< looked at
    double jobs = 10'000;  ///< brought
  };

  /// `broker` and `database` are not owned and outlive this.  `share`: of which jobs of the table.
  Sweeper(RelayTarget& broker, Database& database, std::vector<Queue> queues, std::size_t payload_limit,
          Limits limits, ShardShare share = {});
  Sweeper(RelayTarget& broker, Database& database, std::vector<Queue> queues, std::size_t payload_limit)
      : Sweeper{broker, database, std::move(queues), payload_limit, Limits{}} {}

  /// Brings all jobs that are visible now and were not at the last sweep of anybody, then goes on with the
  /// backlog for a moment; answers how many were missing in the broker.  Throws what the broker and the
  /// database throw.
  std::size_t sweep(const std::stop_token& stop = {});

  /// When the backlog wants the next sweep; nothing if there is none.
  std::optional<Clock::time_point> goes_on_at() const { return goes_on_at_; }

 private:
  /// A cursor, and where the broker keeps it.
  struct Track {
    Queue queue;
    std::string source;
    detail::FeedCursor cursor;
  };
  /// What is known of the backlog of a queue.
  struct Backlog {
    std::string seen;           ///< its cursor, as somebody else has left it
    std::string left;           ///< as this sweeper has
    Clock::time_point again{};  ///< when to look again whether somebody else is still at it
    std::size_t rows = 0;       ///< read by this sweeper
    std::size_t brought = 0;
  };
  enum class Brought { kNothing, kPart, kAll };

  void look(const std::stop_token& stop);
  std::optional<Track> follow(const Queue& queue, const std::string& known, const std::stop_token& stop);
  std::optional<Track> start_anew(const Queue& queue, const std::string& expected);
  void forget_outlived(const Queue& queue);
  void work_off(std::vector<Track>& behind, const std::stop_token& stop);
  bool work_off(Track& fresh, Backlog& backlog);
  void complete(Track& fresh, Backlog& backlog);
  void leave_to_others(Backlog& backlog, std::string seen);
  detail::FeedPage read(const Track& track, std::size_t limit);
  Brought bring(Track& track, detail::FeedPage page, bool bounded);
  bool step(Track& track, detail::FeedCursor next, std::vector<Outgoing> jobs);
  std::vector<Outgoing> load(const std::vector<JobId>& missing, const std::unordered_set<JobId>& again);
  std::optional<Outgoing> outgoing(const detail::JobRow& row);
  void check(const std::string& source) const;
  std::string cursor_source() const;

  RelayTarget& broker_;
  Database& database_;
  const detail::JobFeed feed_;
  const std::vector<Queue> queues_;
  const std::size_t payload_limit_;
  const Limits limits_;
  const ShardShare share_;
  std::string source_;       // of the answers of this look; no more than a guess at its beginning
  std::size_t brought_ = 0;  // in this sweep
  Pace pace_;
  std::map<Queue, Backlog> backlogs_;
  std::optional<Clock::time_point> goes_on_at_;
  std::size_t turn_ = 0;  // of the backlogs
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace aftercommit::worker
