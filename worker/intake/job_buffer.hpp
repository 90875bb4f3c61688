/// Where fetched jobs wait for a free executor; it also tells the fetcher how many more are wanted.
#pragma once

#include <algorithm>
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
#include "worker/intake/batching.hpp"
#include "worker/intake/fetch_turns.hpp"
#include "worker/intake/patience.hpp"
#include "worker/intake/read_ahead.hpp"

namespace aftercommit::worker {

/// Thread-safe.
class JobBuffer {
 public:
  /// `fetchers`: who fill it, numbered from 0, each on a thread of its own.
  JobBuffer(std::size_t executors, std::size_t most_ahead, Batching batching = {}, std::size_t fetchers = 1)
      : executors_{executors}, batching_{std::move(batching)}, read_ahead_{most_ahead}, turns_{fetchers} {}

  /// Waits until jobs are wanted of this fetcher and says how many; 0 when stopping, or when some are
  /// stranded.  What it is told to fetch others are not, until it has put() or gives up.
  std::size_t wait_for_demand(const std::stop_token& stop, std::size_t fetcher = 0);
  void give_up(std::size_t fetcher);
  /// Jobs for which no executor has come in time, as all are at slow ones: another worker may have an idle
  /// one.
  std::vector<Fetched> take_stranded();
  /// How long a fetch may wait for jobs, `most` where an executor has nothing to do: else it would get what
  /// another worker could run at once, or keep us from noticing that jobs are stranded.
  std::chrono::milliseconds fetch_wait(std::chrono::milliseconds most) const;
  /// What a fetch has found, nothing tells something too; `found`: those included that are not for here.
  /// Where it throws they are still the caller's.
  void put(std::vector<Fetched>&& jobs, std::size_t found, std::size_t fetcher = 0);
  void put(std::vector<Fetched>&& jobs) {
    const auto found = jobs.size();
    put(std::move(jobs), found);
  }

  /// Waits for the next job; nothing once the buffer is closed.  Each job taken is followed by one done().
  /// `like`: an empty place for further ones, of the same queue, that may run together with it: as many as
  /// there are now; null: it is taken alone.
  std::optional<Fetched> take(std::vector<Fetched>* like = nullptr);
  /// The next job for an executor that is about to be done with another, unless an idle one will come for it,
  /// or it may run together with others.
  /// Follow it by done(true) for that other job.
  std::optional<Fetched> take_ahead();
  /// `goes_on`: with the job that was taken ahead.
  void done(bool goes_on = false);
  /// Jobs that were taken together and have not run, before all others: `alone` from now on without others,
  /// `rest` as they come.  False once the buffer is closed: then they are the caller's.
  bool put_back(const std::vector<Fetched>& alone, const std::vector<Fetched>& rest);

  /// No further job is handed out; gives back those that had not been taken.
  std::vector<Fetched> close();
  bool is_closed() const;
  /// For the watchdog, which must not wait: true as well while another thread is at the buffer.  Jobs wait,
  /// so does an executor, and nobody has taken one for a moment.
  bool is_unclaimed() const;
  /// No job runs, some are wanted, and this fetcher sleeps: as it should for a moment alone.
  bool is_unfilled(std::size_t fetcher = 0);
  /// An executor has nothing to do, and nothing waits for one.
  bool has_idle() const;
  /// Executors at a job.
  std::size_t running() const;
  /// Jobs that no executor has taken.
  std::size_t waiting() const;

 private:
  std::size_t demand();  // with mutex_ held, as the next
  std::size_t demand_of(std::size_t fetcher);
  bool any_wanted();
  std::size_t idle() const { return executors_ - std::min(running_, executors_); }
  std::chrono::microseconds patience() const;
  bool overdue() const;
  bool wakes_another();
  std::optional<Fetched> take_first();
  void take_like(const Fetched& first, bool alone, std::vector<Fetched>& like);

  struct Waiting {
    Waiting(Fetched&& fetched) noexcept : job{std::move(fetched)} {}
    Waiting(const Fetched& fetched, bool by_itself) : job{fetched}, alone{by_itself} {}

    Fetched job;
    bool alone = false;  ///< it runs with no other
  };

  const std::size_t executors_;
  const Batching batching_;
  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable filled_;
  std::condition_variable_any drained_;
  std::deque<Waiting> waiting_;
  std::size_t running_ = 0;
  std::size_t asleep_ = 0;                                 // executors in take()
  bool waking_ = false;                                    // one of them has been called and has not come yet
  std::chrono::steady_clock::time_point taken_last_at_{};  // by any thread
  std::size_t width_ = 1;  // how many an executor would take at once, by the job that was taken last
  ReadAhead read_ahead_;
  Patience patience_;
  FetchTurns turns_;
  bool stranded_ = false;
  bool closed_ = false;
};

}  // namespace aftercommit::worker
