#include "client/blocking/pool_core.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/in_seconds.hpp"
#include "base/process/forks.hpp"
#include "base/process/signals_blocked.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongest = std::chrono::years{100};  // does not overflow the clock

}  // namespace

using State = PoolEntry::State;

unsigned PoolCore::current_process() { return forks(); }

bool PoolCore::is_of_this_process() const { return process_ == forks(); }

bool PoolCore::is_of_this_thread() const noexcept {
  const auto* const thread = PoolThread::current();
  if (thread != nullptr && thread->is_of(mutex_)) return true;
  const std::lock_guard lock{mutex_};
  return watcher_.get_id() == std::this_thread::get_id();
}

std::size_t PoolCore::waiting() const noexcept {
  if (!is_of_this_process()) return 0;  // another thread may have held the mutex at the fork
  const std::lock_guard lock{mutex_};
  return waiting_.size();
}

std::size_t PoolCore::running() const noexcept {
  if (!is_of_this_process()) return 0;
  const std::lock_guard lock{mutex_};
  return running_;
}

// --- what is asked for

void PoolCore::submit(const std::shared_ptr<PoolEntry>& entry, std::unique_ptr<PoolWork> work) {
  std::exception_ptr why;
  try {
    if (!is_of_this_process()) {
      throw UsageError{"cannot use a BlockingPool of " + place_ +
                       " in the child of a fork: its threads are its parent's; make another one there"};
    }
    const std::lock_guard lock{mutex_};
    why = refusal(*entry, *work);
    if (!why) {
      waiting_.push_back(entry);
      try {
        start_threads();
      } catch (...) {
        waiting_.pop_back();
        throw;
      }
      entry->work = std::move(work);
      entry->state = State::kWaiting;
      if (options_.queue_timeout.count() > 0) {
        entry->until = Clock::now() + std::min<milliseconds>(options_.queue_timeout, kLongest);
        // Where there is an idle thread for each, none will be late.
        if (waiting_.size() > idle_) watched_.notify_one();
      }
      work_.notify_one();
      return;
    }
    entry->state = State::kEnded;
  } catch (...) {
    why = std::current_exception();
  }
  work->refuse(why);
  work->complete();
}

std::exception_ptr PoolCore::refusal(const PoolEntry& entry, PoolWork& work) const {
  if (entry.cancelled || stopping_) return work.cancelled(!entry.cancelled);
  const auto most = options_.threads + options_.queue_limit;
  if (running_ + waiting_.size() < most) return nullptr;
  return std::make_exception_ptr(
      PoolExhausted{"cannot run this on " + place_ + ": all " + std::to_string(options_.threads) +
                    " threads of its BlockingPool are busy, and " + std::to_string(options_.queue_limit) +
                    " wait already; let fewer come at once, or raise `threads` (and the `pool_size` of the "
                    "database) or `queue_limit`"});
}

std::exception_ptr PoolCore::late() const noexcept {
  try {
    return std::make_exception_ptr(
        PoolExhausted{"cannot run this on " + place_ + ": none of the " + std::to_string(options_.threads) +
                      " threads of its BlockingPool came free within " + in_seconds(options_.queue_timeout) +
                      " s; let fewer come at once, or raise `threads` (and the `pool_size` of the database) "
                      "or `queue_timeout`"});
  } catch (...) {
    return std::current_exception();
  }
}

void PoolCore::cancel(const std::shared_ptr<PoolEntry>& entry) noexcept {
  if (!is_of_this_process()) return;  // what runs is the parent's
  std::unique_ptr<PoolWork> work;
  {
    const std::lock_guard lock{mutex_};
    if (entry->cancelled) return;
    switch (entry->state) {
      case State::kNew:
        entry->cancelled = true;
        return;
      case State::kRunning:
        entry->cancelled = true;
        entry->thread->cut_short(entry->work->cancelled(false));
        watch_due_ = true;
        watched_.notify_one();
        return;
      case State::kCommitting:
      case State::kEnded:
        return;
      case State::kWaiting:
        std::erase(waiting_, entry);
        entry->state = State::kEnded;
        work = std::move(entry->work);
    }
  }
  work->refuse(work->cancelled(false));
  work->complete();
}

void PoolCore::begin_commit(PoolThread& thread) {
  const std::lock_guard lock{mutex_};
  auto& entry = *thread.entry();
  if (entry.cancelled) std::rethrow_exception(entry.work->cancelled(false));
  entry.state = State::kCommitting;
}

void PoolCore::wait_to_commit(PoolThread& thread) noexcept {
  const std::lock_guard lock{mutex_};
  thread.entry()->waits_to_commit = true;
}

PoolCore::Cancelled PoolCore::was_cancelled(PoolThread& thread) {
  const std::lock_guard lock{mutex_};
  const auto& entry = *thread.entry();
  return {.cancelled = entry.cancelled,
          .rolled_back = entry.severed && entry.waits_to_commit && entry.state == State::kRunning};
}

// --- threads

/// As many as there is work for.  If none can be made, those that there are do it.
void PoolCore::start_threads() {
  try {
    if (!watcher_.joinable()) {
      const SignalsBlocked blocked;
      watcher_ = std::thread{[this] { watch(); }};
    }
    if (waiting_.size() > idle_ && threads_.size() < options_.threads) start_thread();
  } catch (const std::system_error&) {
    if (threads_.empty()) throw;
  }
}

void PoolCore::start_thread() {
  const SignalsBlocked blocked;
  const auto& thread = threads_.emplace_back(std::make_shared<PoolThread>(mutex_));
  try {
    thread->thread = std::thread{[this, &made = *thread] { run(made); }};
  } catch (...) {
    threads_.pop_back();
    throw;
  }
}

void PoolCore::run(PoolThread& thread) noexcept {
  const PoolThread::OfThread of_thread{thread};
  Lock lock{mutex_};
  for (;;) {
    ++idle_;
    work_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    ++running_;
    auto* const work = waiting_.front()->work.get();
    thread.begin(std::move(waiting_.front()));
    waiting_.pop_front();
    lock.unlock();
    work->run();
    Session::end_all_of_this_thread();  // what it has left open would be the next one's
    lock.lock();
    {
      const auto entry = thread.end(lock);
      const auto ended = std::move(entry->work);
      --running_;
      lock.unlock();
      ended->complete();
    }  // gone without the lock: a callback for its stop may be waiting for that
    lock.lock();
  }
}

/// Takes out of the queue what is late, and cuts short what is cancelled.
void PoolCore::watch() noexcept {
  Lock lock{mutex_};
  while (watching_) {
    const auto now = Clock::now();
    watch_due_ = false;
    auto next = Clock::time_point::max();
    for (const auto& thread : threads_) next = std::min(next, thread->look(now));
    if (auto late_ones = take_late(now); !late_ones.empty()) {
      lock.unlock();
      for (const auto& entry : late_ones) {
        entry->work->refuse(late());
        entry->work->complete();
        entry->work.reset();
      }
      late_ones.clear();
      lock.lock();
      continue;
    }
    if (!waiting_.empty()) next = std::min(next, waiting_.front()->until);
    const auto due = [this, next] {
      return !watching_ || watch_due_ || (!waiting_.empty() && waiting_.front()->until < next);
    };
    if (next == Clock::time_point::max()) {
      watched_.wait(lock, due);
    } else {
      watched_.wait_until(lock, next, due);
    }
  }
}

std::deque<std::shared_ptr<PoolEntry>> PoolCore::take_late(Clock::time_point now) noexcept {
  std::deque<std::shared_ptr<PoolEntry>> late_ones;
  while (!waiting_.empty() && waiting_.front()->until <= now) {
    waiting_.front()->state = State::kEnded;
    late_ones.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return late_ones;
}

void PoolCore::stop() {
  std::deque<std::shared_ptr<PoolEntry>> refused;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    refused.swap(waiting_);
    for (const auto& entry : refused) entry->state = State::kEnded;
    work_.notify_all();
  }
  for (const auto& entry : refused) {
    entry->work->refuse(entry->work->cancelled(true));
    entry->work->complete();
    entry->work.reset();
  }
  refused.clear();
  const std::lock_guard stopping{stop_mutex_};  // not before: what has just been destroyed may stop it too
  for (const auto& thread : threads_) {         // which none are added to any more
    if (thread->thread.joinable()) thread->thread.join();
  }
  {
    const std::lock_guard lock{mutex_};
    watching_ = false;
    watched_.notify_all();
  }
  if (watcher_.joinable()) watcher_.join();  // last, since it cuts short what runs
}

}  // namespace aftercommit::detail
