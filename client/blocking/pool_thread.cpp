#include "client/blocking/pool_thread.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "client/blocking/pool_core.hpp"
#include "client/postgres/connection.hpp"

namespace aftercommit::detail {
namespace {

using std::chrono::milliseconds;

constexpr auto kNever = PoolThread::Clock::time_point::max();
constexpr milliseconds kBetweenCancels{100};  // one may come before the statement that it is meant for
constexpr milliseconds kUntilSevered{300};    // the server has not even answered a cancel
constexpr milliseconds kBetweenSevers{1000};  // what waited for a connection of the pool comes late
constexpr milliseconds kForACancel{1000};     // to be over, before the thread goes on

/// What is cut short has its interrupt set: it sends no more by itself than what runs now.
bool waits_for_an_answer(const Connection& connection) { return connection.messages() % 2 == 1; }

}  // namespace

constinit thread_local PoolThread* PoolThread::current_ = nullptr;

void PoolThread::begin(std::shared_ptr<PoolEntry> entry) noexcept {
  entry->state = PoolEntry::State::kRunning;
  entry->thread = this;
  entry_ = std::move(entry);
}

std::shared_ptr<PoolEntry> PoolThread::end(std::unique_lock<std::mutex>& lock) noexcept {
  entry_->state = PoolEntry::State::kEnded;  // nothing more is asked of it
  entry_->thread = nullptr;
  if (entry_->cancelled) {
    cancel_at_ = sever_at_ = kNever;
    if (cancels_ > 0 && !cancelled_.wait_for(lock, kForACancel, [this] { return cancels_ == 0; })) {
      sever(true);  // what comes late then hits nobody
    }
    cancels_ = 0;
    interrupt_.clear();
  }
  ++runs_;
  return std::exchange(entry_, nullptr);
}

void PoolThread::cut_short(const std::exception_ptr& why) noexcept {
  interrupt_.set(why, Interrupt::Lasts::kForGood);
  cancel_at_ = Clock::now();
  sever_at_ = cancel_at_ + kUntilSevered;
}

PoolThread::Clock::time_point PoolThread::look(Clock::time_point now) noexcept {
  if (now >= cancel_at_) {
    cancel_at_ = now + kBetweenCancels;
    if (cancels_ == 0) start_cancel();
  }
  if (now >= sever_at_) {
    sever(false);
    entry_->severed = true;
    sever_at_ = now + kBetweenSevers;
    cancel_at_ = sever_at_;  // what still comes is not to be left to that alone
  }
  return std::min(cancel_at_, sever_at_);
}

/// On a thread of its own, left behind: where the server is frozen its answer never comes.
void PoolThread::start_cancel() noexcept {
  try {
    // With what it is of, for the mutex is there.
    std::thread{[self = shared_from_this(), core = entry_->core(), run = runs_] {
      self->cancel(run);
    }}.detach();
    ++cancels_;
  } catch (const std::exception&) {
    // No thread to be had, or no memory: the connection is cut instead, a moment later.
  }
}

void PoolThread::cancel(std::uint64_t run) noexcept {
  try {
    std::vector<std::shared_ptr<Connection>> connections;
    {
      const std::lock_guard lock{mutex_};
      if (run != runs_) return;  // what its thread holds now is another's
      connections = interrupt_.connections();
    }
    for (const auto& connection : connections) {
      if (waits_for_an_answer(*connection)) connection->cancel();
    }
  } catch (const std::exception&) {
    // No memory: the next look cancels again.
  }
  const std::lock_guard lock{mutex_};
  if (run == runs_ && cancels_ > 0 && --cancels_ == 0) cancelled_.notify_all();
}

void PoolThread::sever(bool all) noexcept {
  try {
    for (const auto& connection : interrupt_.connections()) {
      if (all || waits_for_an_answer(*connection)) connection->sever();
    }
  } catch (const std::exception&) {
    // No memory for the list: the next look tries again.
  }
}

}  // namespace aftercommit::detail
