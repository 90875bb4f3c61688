/// Finds the jobs of a table that are due, the oldest first, and takes as many as are wanted.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "broker/contract/names.hpp"
#include "broker/none/taken_jobs.hpp"
#include "client/job_table/job_feed.hpp"
#include "client/job_table/job_picker.hpp"

namespace aftercommit::worker {

/// For one database and one thread; any number of takers may be at one table.
///
/// Every row is met once, as it becomes visible (see JobFeed).  From then on it is known here, until it is
/// seen to be gone: to be picked, taken, or to be looked at again, when it is due or as another session has
/// it.  So nothing is lost where that one dies, a look costs what it finds, however many rows are there, and
/// what is not due yet costs some hundred bytes here.
class RowTaker {
 public:
  using Clock = std::chrono::steady_clock;

  /// `database` is not owned and outlives this.  `payload_limit`: see AppOptions.  `interval`: how long new
  /// rows may stay unseen where there was no news of them.  `takes`: which jobs are for here, until forget();
  /// null: all.
  RowTaker(Database& database, std::size_t payload_limit, std::chrono::milliseconds interval,
           std::function<bool(const JobId&)> takes = {});

  /// What has become of jobs that were taken.  Others may have those that are left by the next take() or
  /// let_go().
  void note(std::span<const TakenJobs::Left> left);
  /// For when no jobs are wanted; throws what the database throws.
  void let_go() { picker_.let_go(); }
  /// Takes jobs of the wanted queues, in their order, up to the wanted number in all, and adds them to
  /// `jobs`: those are taken though it throws, what the database throws.  None may mean that the time for one
  /// look has passed: then look_at() says so.
  void take(const TakenJobs::Wanted& wanted, std::vector<TakenJobs::Job>& jobs);
  /// When it is worth while to look for jobs of these queues, unless there is news.
  Clock::time_point look_at(const TakenJobs::Wanted& wanted) const;
  /// There may be new rows.
  void news() noexcept;
  /// Forgets all rows, and lets others have those that are not taken.
  void forget() noexcept;

 private:
  struct Rows {
    detail::FeedCursor cursor = detail::FeedCursor::from_the_start();
    std::deque<JobId> unpicked{};                             // read, in the order of the table
    std::set<std::pair<Clock::time_point, JobId>> waiting{};  // to be looked at again
    bool may_have_more = true;                                // beyond the cursor
    Clock::time_point read_at{};                              // when there was no more
  };
  /// What is looked at next.
  struct Candidates {
    std::vector<JobId> ids{};
    std::size_t due = 0;  ///< of them those that wait; the others are unpicked
  };

  Candidates candidates(const Queue& queue, Rows& rows, std::size_t most);
  void read(const Queue& queue, Rows& rows);
  void take(const Queue& queue, Rows& rows, std::size_t wanted, std::vector<TakenJobs::Job>& jobs);
  void woken(Rows& rows, const JobId& job);
  void judge(Rows& rows, detail::Picked picked, std::vector<TakenJobs::Job>& jobs);
  void look_again(Rows& rows, const JobId& job, Millis after);
  void start_anew(const std::string& source);

  Database& database_;
  const std::size_t payload_limit_;
  const std::chrono::milliseconds interval_;
  const std::function<bool(const JobId&)> takes_;  // may be null
  const detail::JobFeed feed_;
  detail::JobPicker picker_;
  std::string source_;  // whose rows are known; empty: nobody's
  std::map<Queue, Rows> queues_;
  std::unordered_set<JobId> known_;  // all that is unpicked, waiting or taken
  std::unordered_set<JobId> taken_;
  std::unordered_set<JobId> woken_;    // of those taken: what is due again as soon as it is left
  std::unordered_set<JobId> doubled_;  // what may be among those unpicked and those waiting, or twice
  Clock::time_point until_{};          // of this look
};

}  // namespace aftercommit::worker
