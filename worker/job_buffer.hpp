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

#include "broker/broker.hpp"
#include "worker/patience.hpp"

namespace aftercommit::worker {

/// Thread-safe.  How many jobs to hold ahead follows from how fast they are used up: as many as the executors
/// finish in kAhead, so that quick jobs come in large batches and a slow one never waits here while another
/// worker is idle.
class JobBuffer {
 public:
  JobBuffer(std::size_t executors, std::size_t most_ahead) : executors_{executors}, most_ahead_{most_ahead} {}

  /// Waits until jobs are wanted and says how many; 0 when stopping, or when some are stranded.
  std::size_t wait_for_demand(const std::stop_token& stop);
  /// Jobs for which no executor has come in time, as all are at slow ones: another worker may have an idle
  /// one.
  std::vector<Fetched> take_stranded();
  /// How long a fetch may wait for jobs, `most` where an executor has nothing to do: else it would get what
  /// another worker could run at once, or keep us from noticing that jobs are stranded.
  std::chrono::milliseconds fetch_wait(std::chrono::milliseconds most) const;
  /// What a fetch has found; nothing tells something too.
  void put(std::vector<Fetched> jobs);

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
  /// Executors at a job.
  std::size_t running() const;

 private:
  static constexpr std::chrono::milliseconds kAhead{20};

  /// When the thread that calls took its job: with no wait in between, that is when it was done with another.
  static std::chrono::steady_clock::time_point& taken_at() {
    static thread_local std::chrono::steady_clock::time_point at;
    return at;
  }

  std::size_t demand();  // with mutex_ held, as the next
  std::size_t target_ahead();
  std::chrono::microseconds patience() const;
  bool overdue() const;
  bool wakes_another();
  std::optional<Fetched> take_first();

  const std::size_t executors_;
  const std::size_t most_ahead_;
  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable filled_;
  std::condition_variable_any drained_;
  std::deque<Fetched> waiting_;
  std::size_t running_ = 0;
  std::size_t asleep_ = 0;  // executors in take()
  bool waking_ = false;     // one of them has been called and has not come yet
  bool fetcher_asleep_ = false;
  std::chrono::steady_clock::time_point taken_last_at_{};  // by any thread
  Patience patience_;
  std::size_t asked_for_ = 0;  // in the fetch under way
  bool queues_empty_ = false;  // by the last fetch
  bool stranded_ = false;
  bool closed_ = false;
  std::size_t finished_ = 0;  // since measured_at_
  std::chrono::steady_clock::time_point measured_at_ = std::chrono::steady_clock::now();
  double per_ms_ = 0.0;  // jobs finished, smoothed
};

inline std::size_t JobBuffer::target_ahead() {
  const auto now = std::chrono::steady_clock::now();
  const double elapsed_ms = std::chrono::duration<double, std::milli>(now - measured_at_).count();
  if (elapsed_ms >= 1.0) {
    per_ms_ = (per_ms_ + static_cast<double>(finished_) / elapsed_ms) / 2;
    finished_ = 0;
    measured_at_ = now;
  }
  return std::min(most_ahead_, static_cast<std::size_t>(per_ms_ * static_cast<double>(kAhead.count())));
}

/// How many jobs are worth a fetch now.
inline std::size_t JobBuffer::demand() {
  const std::size_t idle = executors_ - std::min(running_, executors_);
  const std::size_t target = idle + target_ahead();
  const std::size_t wanted = target > waiting_.size() ? target - waiting_.size() : 0;
  // Half of what could be held, so that a batch is worth its round trip; at once when an executor has
  // nothing.
  return wanted >= target / 2 || waiting_.size() < idle ? wanted : 0;
}

inline std::size_t JobBuffer::wait_for_demand(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  std::size_t wanted = 0;
  const auto is_wanted = [&] { return (wanted = demand()) > 0; };
  fetcher_asleep_ = true;
  while (!(stranded_ = overdue()) && !is_wanted() && !stop.stop_requested()) {
    if (waiting_.empty()) {
      drained_.wait(lock, stop, is_wanted);
    } else {
      drained_.wait_for(lock, stop, patience(), is_wanted);
    }
  }
  fetcher_asleep_ = false;
  asked_for_ = wanted;
  return stranded_ || stop.stop_requested() ? 0 : wanted;
}

/// While jobs are left in the queues no worker is idle, and what goes back there goes to the end.
inline std::chrono::microseconds JobBuffer::patience() const {
  return queues_empty_ ? patience_.wait() : Patience::kWithABacklog;
}

/// Jobs wait, and all executors have been at others for long.
inline bool JobBuffer::overdue() const {
  return !waiting_.empty() && running_ >= executors_ &&
         std::chrono::steady_clock::now() - taken_last_at_ >= patience();
}

inline std::chrono::milliseconds JobBuffer::fetch_wait(std::chrono::milliseconds most) const {
  const std::lock_guard lock{mutex_};
  const bool some_idle = waiting_.size() + running_ < executors_;
  return some_idle ? most : std::min(most, std::chrono::ceil<std::chrono::milliseconds>(patience()));
}

inline std::vector<Fetched> JobBuffer::take_stranded() {
  std::vector<Fetched> jobs;
  const std::lock_guard lock{mutex_};
  if (!std::exchange(stranded_, false)) return jobs;
  std::ranges::move(waiting_, std::back_inserter(jobs));
  waiting_.clear();
  per_ms_ = 0;  // they are not as quick as they were
  return jobs;
}

/// Each executor that comes calls the next, for as long as there is work: quick jobs are gone before all have
/// woken.
inline bool JobBuffer::wakes_another() {
  const bool wakes = !waiting_.empty() && asleep_ > 0 && !waking_;
  waking_ |= wakes;
  return wakes;
}

inline void JobBuffer::put(std::vector<Fetched> jobs) {
  bool wakes = false;
  {
    const std::lock_guard lock{mutex_};
    if (asked_for_ != 1 || jobs.empty())
      queues_empty_ = jobs.size() < asked_for_;  // one of one tells nothing
    std::ranges::move(jobs, std::back_inserter(waiting_));
    wakes = wakes_another();
  }
  if (wakes) filled_.notify_one();
}

inline std::optional<Fetched> JobBuffer::take() {
  std::unique_lock lock{mutex_};
  while (!closed_ && waiting_.empty()) {
    ++asleep_;
    filled_.wait(lock);
    --asleep_;
    waking_ = false;
  }
  if (closed_) return std::nullopt;
  auto job = take_first();
  ++running_;
  taken_at() = taken_last_at_;
  const bool wakes = wakes_another();
  lock.unlock();
  if (wakes) filled_.notify_one();
  return job;
}

inline std::optional<Fetched> JobBuffer::take_ahead() {
  const std::lock_guard lock{mutex_};
  if (closed_ || waiting_.empty() || running_ < executors_) return std::nullopt;
  return take_first();
}

inline std::optional<Fetched> JobBuffer::take_first() {
  std::optional<Fetched> job{std::move(waiting_.front())};
  waiting_.pop_front();
  taken_last_at_ = std::chrono::steady_clock::now();
  return job;
}

inline void JobBuffer::done(bool goes_on) {
  bool wanted = false;
  const auto now = std::chrono::steady_clock::now();
  const auto length = now - std::exchange(taken_at(), now);
  {
    const std::lock_guard lock{mutex_};
    patience_.job_ran(length);
    if (!goes_on) --running_;
    ++finished_;
    wanted = fetcher_asleep_ && demand() > 0;
  }
  if (wanted) drained_.notify_one();
}

inline std::vector<Fetched> JobBuffer::close() {
  std::vector<Fetched> untouched;
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    std::ranges::move(waiting_, std::back_inserter(untouched));
    waiting_.clear();
  }
  filled_.notify_all();
  return untouched;
}

inline bool JobBuffer::is_closed() const {
  const std::lock_guard lock{mutex_};
  return closed_;
}

inline std::size_t JobBuffer::running() const {
  const std::lock_guard lock{mutex_};
  return running_;
}

}  // namespace aftercommit::worker
