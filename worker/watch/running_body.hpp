/// The task's body that a thread is at, and what others may ask of it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/job_id.hpp"
#include "client/transaction/interrupt.hpp"
#include "worker/watch/running_slots.hpp"

namespace aftercommit::worker {

/// How long a body may run, from its beginning to the COMMIT of its job; 0: as long as it likes.
struct TimeLimits {
  std::chrono::milliseconds soft{0};  ///< then it is asked to stop
  std::chrono::milliseconds hard{0};  ///< then it is cut short
};

/// What is said of a job that was cut short by its limit.
std::string timed_out_text(std::string_view task, std::chrono::milliseconds limit);

/// For one thread, which runs one body after the other.  To be owned by a shared_ptr.  Thread-safe, where it
/// is not for that thread.
class RunningBody : public std::enable_shared_from_this<RunningBody> {
 public:
  using Clock = std::chrono::steady_clock;

  /// `slot`: where it is written down that the body did not end in time, for who finds the process dead.
  explicit RunningBody(RunningSlot slot = {}) : slot_{slot} {}
  RunningBody(const RunningBody&) = delete;
  RunningBody& operator=(const RunningBody&) = delete;

  // --- For the thread that runs it.

  detail::Interrupt& interrupt() noexcept { return interrupt_; }
  /// For the Job: it had better come to an end by itself.
  const std::atomic<bool>& stop_requested() const noexcept { return stop_; }

  /// A body begins, of which limits count from `since`; `task` lives until its end().  When it falls due:
  /// look() is to be called then.
  Clock::time_point begin(const JobId& job, std::string_view task, const TimeLimits& limits,
                          Clock::time_point since) noexcept;
  /// The body that has begun is that of these jobs too: what is asked of one of them is asked of it.
  void runs_with(std::vector<JobId> jobs) noexcept;
  /// It has ended, however it did: nothing more is asked of it, and no cancel of its statements is on its way
  /// that could hit a later one.  Why it was cut short, which its job is to fail with; null: it was not.
  /// Does not return once it has been found overdue.
  std::exception_ptr end() noexcept;

  // --- For others.

  /// What runs now, for people.
  struct Running {
    JobId job;
    std::string task;
    Clock::time_point since{};
    std::size_t others = 0;  ///< that run together with it
  };
  std::optional<Running> running() {
    const std::lock_guard lock{mutex_};
    if (!job_) return std::nullopt;
    return Running{*job_, std::string{task_}, since_, others_.size()};
  }

  /// Whose body runs now; nothing: none does.
  std::optional<JobId> job() noexcept {
    const std::lock_guard lock{mutex_};
    return job_;
  }

  /// stop_requested() turns true, and the next use of a database throws `why`, once.  False: this job's body
  /// does not run here.
  bool ask_to_stop(const JobId& job, const std::exception_ptr& why) noexcept;
  /// From now on each use of a database throws `why`; look(), to be called at once, cancels the statement
  /// that runs, and if that is of no avail cuts its connection.  False: this job's body does not run here.
  bool cut_short(const JobId& job, const std::exception_ptr& why) noexcept;

  struct Look {
    Clock::time_point next = Clock::time_point::max();  ///< when there is something to do again
    /// It has been cut short by its limit and goes on all the same: only the end of its process ends it.  The
    /// slot says so already.
    bool overdue = false;
    std::string job{};  ///< with overdue, as the next
    std::string task{};
    std::string text{};
  };
  /// Does what is due.  `overdue`: whether a body may be found so.
  Look look(Clock::time_point now, bool overdue);

 private:
  bool is_of(const JobId& job) const noexcept;
  void cut(const std::exception_ptr& why, Clock::time_point now) noexcept;
  void start_cancel();
  void cancel(std::uint64_t body) noexcept;
  /// `all`: those too on which no statement runs.
  void sever(bool all) noexcept;

  detail::Interrupt interrupt_;
  std::atomic<bool> stop_{false};
  RunningSlot slot_;
  std::mutex mutex_;                   // protects what follows
  std::condition_variable cancelled_;  // none is under way
  std::uint64_t bodies_ = 0;           // that have ended with something asked of them
  std::optional<JobId> job_{};         // of the one that runs, as what follows; nothing: none runs
  std::vector<JobId> others_{};        // in the same body
  std::string_view task_;
  Clock::time_point since_{};
  TimeLimits limits_;
  Clock::time_point soft_at_ = Clock::time_point::max();  // max: not any more, or never, as the next
  Clock::time_point hard_at_ = Clock::time_point::max();
  Clock::time_point overdue_at_ = Clock::time_point::max();
  std::exception_ptr why_;  // it is cut short; null: it is not
  Clock::time_point cancel_at_ = Clock::time_point::max();
  Clock::time_point sever_at_ = Clock::time_point::max();
  int cancels_ = 0;            // under way
  bool ends_process_ = false;  // it is overdue
};

}  // namespace aftercommit::worker
