/// Where fetched jobs wait for a free executor; it also tells the fetcher how many more are wanted.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "broker/contract/intake.hpp"
#include "worker/intake/patience.hpp"
#include "worker/intake/read_ahead.hpp"

namespace aftercommit::worker {

/// Thread-safe.
class JobBuffer {
 public:
  JobBuffer(std::size_t executors, std::size_t most_ahead) : executors_{executors}, read_ahead_{most_ahead} {}

  /// Waits until jobs are wanted and says how many; 0 when stopping, or when some are stranded.
  std::size_t wait_for_demand(const std::stop_token& stop);
  /// Jobs for which no executor has come in time, as all are at slow ones: another worker may have an idle
  /// one.
  std::vector<Fetched> take_stranded();
  /// How long a fetch may wait for jobs, `most` where an executor has nothing to do: else it would get what
  /// another worker could run at once, or keep us from noticing that jobs are stranded.
  std::chrono::milliseconds fetch_wait(std::chrono::milliseconds most) const;
  /// What a fetch has found, nothing tells something too; `found`: those included that are not for here.
  /// Where it throws they are still the caller's.
  void put(std::vector<Fetched>&& jobs, std::size_t found);
  void put(std::vector<Fetched>&& jobs) {
    const auto found = jobs.size();
    put(std::move(jobs), found);
  }

  /// Waits for the next job; nothing once the buffer is closed.  Each job taken is followed by one done().
  std::optional<Fetched> take();
  /// The next job for an executor that is about to be done with another, unless an idle one will come for it.
  /// Follow it by done(true) for that other job.
  std::optional<Fetched> take_ahead();
  /// `goes_on`: with the job that was taken ahead.
  void done(bool goes_on = false);

  /// No further job is handed out; gives back those that had not been taken.
  std::vector<Fetched> close();
  bool is_closed() const;
  /// For the watchdog, which must not wait: true as well while another thread is at the buffer.  Jobs wait,
  /// so does an executor, and nobody has taken one for a moment.
  bool is_unclaimed() const;
  /// No job runs, some are wanted, and the fetcher sleeps: as it should for a moment alone.
  bool is_unfilled();
  /// An executor has nothing to do, and nothing waits for one.
  bool has_idle() const;
  /// Executors at a job.
  std::size_t running() const;

 private:
  std::size_t demand();  // with mutex_ held, as the next
  std::chrono::microseconds patience() const;
  bool overdue() const;
  bool wakes_another();
  std::optional<Fetched> take_first();

  const std::size_t executors_;
  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable filled_;
  std::condition_variable_any drained_;
  std::deque<Fetched> waiting_;
  std::size_t running_ = 0;
  std::size_t asleep_ = 0;  // executors in take()
  bool waking_ = false;     // one of them has been called and has not come yet
  bool fetcher_asleep_ = false;
  std::chrono::steady_clock::time_point taken_last_at_{};  // by any thread
  ReadAhead read_ahead_;
  Patience patience_;
  std::size_t asked_for_ = 0;  // in the fetch under way
  bool queues_empty_ = false;  // by the last fetch
  bool stranded_ = false;
  bool closed_ = false;
};

}  // namespace aftercommit::worker
