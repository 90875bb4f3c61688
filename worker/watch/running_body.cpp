#include "worker/watch/running_body.hpp"

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "base/in_seconds.hpp"
#include "client/postgres/connection.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;
using Clock = RunningBody::Clock;

constexpr auto kNever = Clock::time_point::max();
constexpr milliseconds kLongest = std::chrono::years{100};  // beyond any process; does not overflow the clock
constexpr milliseconds kBetweenCancels{100};  // one may come before the statement that it is meant for
constexpr milliseconds kUntilSevered{300};    // the server has not even answered a cancel
constexpr milliseconds kBetweenSevers{1000};  // what waited for a connection of the pool comes late
constexpr milliseconds kUntilOverdue{500};
constexpr milliseconds kForACancel{1000};  // to be over, before the thread goes on

Clock::time_point after(Clock::time_point since, milliseconds limit) {
  return limit > milliseconds{0} ? since + std::min(limit, kLongest) : kNever;
}

/// Whoever interrupts a body has set the interrupt: it sends no more by itself than what runs now.
bool waits_for_the_server(const detail::Connection& connection) { return connection.messages() % 2 == 1; }

}  // namespace

std::string timed_out_text(std::string_view task, milliseconds limit) {
  return "timed out in task '" + std::string{task} + "' after " + in_seconds(limit) + " s";
}

Clock::time_point RunningBody::begin(const JobId& job, std::string_view task, const TimeLimits& limits,
                                     Clock::time_point since) noexcept {
  const std::lock_guard lock{mutex_};
  job_ = job;
  task_ = task;
  since_ = since;
  limits_ = limits;
  soft_at_ = after(since, limits.soft);
  hard_at_ = after(since, limits.hard);
  return std::min(soft_at_, hard_at_);
}

void RunningBody::runs_with(std::vector<JobId> jobs) noexcept {
  const std::lock_guard lock{mutex_};
  others_ = std::move(jobs);
}

bool RunningBody::is_of(const JobId& job) const noexcept {
  return job_ && (*job_ == job || std::ranges::find(others_, job) != others_.end());
}

std::exception_ptr RunningBody::end() noexcept {
  std::unique_lock lock{mutex_};
  // Whoever finds the process dead is to find this job in its slot, and not to blame those beside it.
  cancelled_.wait(lock, [&] { return !ends_process_; });
  job_.reset();
  others_.clear();
  soft_at_ = hard_at_ = kNever;
  if (!stop_) return nullptr;  // nobody has asked anything of it
  if (cancels_ > 0 && !cancelled_.wait_for(lock, kForACancel, [&] { return cancels_ == 0; })) {
    sever(true);  // what comes late then hits nobody
  }
  ++bodies_;
  cancels_ = 0;
  interrupt_.clear();
  stop_ = false;
  overdue_at_ = cancel_at_ = sever_at_ = kNever;
  return std::exchange(why_, nullptr);
}

bool RunningBody::ask_to_stop(const JobId& job, const std::exception_ptr& why) noexcept {
  const std::lock_guard lock{mutex_};
  if (!is_of(job)) return false;
  stop_ = true;
  if (!why_) interrupt_.set(why, detail::Interrupt::Lasts::kOnce);
  return true;
}

bool RunningBody::cut_short(const JobId& job, const std::exception_ptr& why) noexcept {
  const std::lock_guard lock{mutex_};
  if (!is_of(job)) return false;
  cut(why, Clock::now());
  return true;
}

/// What it was cut short by first counts.
void RunningBody::cut(const std::exception_ptr& why, Clock::time_point now) noexcept {
  if (why_) return;
  why_ = why;
  stop_ = true;
  interrupt_.set(why, detail::Interrupt::Lasts::kForGood);
  cancel_at_ = now;
  sever_at_ = now + kUntilSevered;
}

RunningBody::Look RunningBody::look(Clock::time_point now, bool overdue) {
  const std::lock_guard lock{mutex_};
  Look look;
  if (!job_) return look;
  if (now >= soft_at_) {
    const auto why =
        std::make_exception_ptr(SoftTimeLimitExceeded{"the soft time limit of " + in_seconds(limits_.soft) +
                                                      " s has passed in task '" + std::string{task_} + "'"});
    if (!why_) interrupt_.set(why, detail::Interrupt::Lasts::kOnce);
    stop_ = true;
    soft_at_ = kNever;
  }
  if (now >= hard_at_) {
    cut(std::make_exception_ptr(TimeLimitExceeded{timed_out_text(task_, limits_.hard)}), now);
    overdue_at_ = now + kUntilOverdue;  // of now: the process itself may have stood still
    hard_at_ = kNever;
  }
  if (now >= cancel_at_) {
    cancel_at_ = now + kBetweenCancels;
    if (cancels_ == 0) start_cancel();
  }
  if (now >= sever_at_) {
    sever(false);
    cancel_at_ = kNever;
    sever_at_ = now + kBetweenSevers;
  }
  if (overdue && now >= overdue_at_) {
    look.job = job_->str();
    look.task = task_;
    look.text = timed_out_text(task_, limits_.hard);
    look.overdue = true;
    overdue_at_ = kNever;
    ends_process_ = true;
    slot_.time_out(limits_.hard);
  }
  look.next = std::min({soft_at_, hard_at_, cancel_at_, sever_at_, overdue ? overdue_at_ : kNever});
  return look;
}

/// On a thread of its own, left behind: where the server is frozen its answer never comes.
void RunningBody::start_cancel() {
  try {
    std::thread{[self = shared_from_this(), body = bodies_] { self->cancel(body); }}.detach();
    ++cancels_;
  } catch (const std::system_error&) {
    // No thread to be had: the connection is cut instead, a moment later.
  }
}

void RunningBody::cancel(std::uint64_t body) noexcept {
  try {
    std::vector<std::shared_ptr<detail::Connection>> connections;
    {
      const std::lock_guard lock{mutex_};
      if (body != bodies_) return;  // what its thread holds now is another's
      connections = interrupt_.connections();
    }
    for (const auto& connection : connections) {
      if (waits_for_the_server(*connection)) connection->cancel();
    }
  } catch (const std::exception&) {
    // No memory: the next look cancels again.
  }
  const std::lock_guard lock{mutex_};
  if (body == bodies_ && --cancels_ == 0) cancelled_.notify_all();
}

void RunningBody::sever(bool all) noexcept {
  try {
    for (const auto& connection : interrupt_.connections()) {
      if (all || waits_for_the_server(*connection)) connection->sever();
    }
  } catch (const std::exception&) {
    // No memory for the list: its process ends before long.
  }
}

}  // namespace aftercommit::worker
