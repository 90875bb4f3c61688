#include "client/durable_push.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "aftercommit/log.hpp"

namespace aftercommit::detail {
namespace {

using Clock = std::chrono::steady_clock;

/// While the broker is away, jobs are left to the relay at once.
constexpr std::chrono::seconds kPause{1};
/// The first job goes at once, those that follow this soon together.
constexpr std::chrono::milliseconds kGather{1};
/// So many wait for a broker that hangs; more are left to the relay.
constexpr std::size_t kMostWaiting = 10'000;

/// A thread that is started meanwhile takes none of the signals that the application handles.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

class DurablePush::Thread {
 public:
  Thread(const std::string& url, std::chrono::milliseconds timeout)
      : broker_{make_broker(url)}, timeout_{timeout} {}
  ~Thread() {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    called_.notify_one();
    if (thread_.joinable()) thread_.join();
  }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  bool is_of_this_process() const noexcept { return process_ == ::getpid(); }

  void push(std::vector<PendingJob> jobs) {
    bool asleep = false;
    {
      const std::lock_guard lock{mutex_};
      if (Clock::now() < away_until_ || waiting_.size() + jobs.size() > kMostWaiting) return;
      if (!thread_.joinable()) {
        const SignalsBlocked blocked;
        thread_ = std::thread{[this] { run(); }};
      }
      std::ranges::move(jobs, std::back_inserter(waiting_));
      asleep = std::exchange(asleep_, false);
    }
    if (asleep) called_.notify_one();
  }

  void note_outage(const std::string& error) {
    constexpr std::chrono::seconds kQuiet{60};
    {
      const std::lock_guard lock{mutex_};
      const auto now = Clock::now();
      away_until_ = now + kPause;
      waiting_.clear();
      if (told_at_ && now - *std::exchange(told_at_, now) < kQuiet) return;
      told_at_ = now;
    }
    log(LogLevel::kWarning,
        "durable jobs are committed, but not sent to the broker: the relay of a worker will bring them",
        {{"error", error}});
  }

 private:
  void run() noexcept {
    std::vector<PendingJob> jobs;
    while (true) {
      {
        std::unique_lock lock{mutex_};
        while (waiting_.empty() && !stopping_) {
          asleep_ = true;
          called_.wait(lock);
        }
        if (waiting_.empty()) return;
        jobs.clear();
        jobs.swap(waiting_);
      }
      const auto next = Clock::now() + kGather;
      try {
        broker_->enqueue(due_from_now(jobs), timeout_);
      } catch (const std::exception& error) {
        note_outage(error.what());
      }
      std::unique_lock lock{mutex_};
      called_.wait_until(lock, next, [this] { return stopping_; });
    }
  }

  const pid_t process_ = ::getpid();
  const std::unique_ptr<Broker> broker_;  // used by thread_ alone
  const std::chrono::milliseconds timeout_;
  std::mutex mutex_;  // protects what follows
  std::condition_variable called_;
  std::vector<PendingJob> waiting_;
  Clock::time_point away_until_{};
  std::optional<Clock::time_point> told_at_;
  bool asleep_ = false;  // and not called yet
  bool stopping_ = false;
  std::thread thread_;
};

DurablePush::DurablePush(std::string url, std::chrono::milliseconds timeout)
    : url_{std::move(url)}, timeout_{timeout}, thread_{new Thread{url_, timeout_}} {}

DurablePush::~DurablePush() {
  auto* const thread = thread_.load();
  if (thread->is_of_this_process()) delete thread;
}

void DurablePush::push(std::vector<PendingJob> jobs) noexcept {
  try {
    auto& thread = of_this_process();
    try {
      thread.push(std::move(jobs));
    } catch (const std::system_error& error) {
      thread.note_outage(std::string{"cannot start a thread: "} + error.what());
    }
  } catch (const std::exception&) {
    // No memory.
  }
}

/// Without a lock, which a thread of the parent may have held while it forked.
DurablePush::Thread& DurablePush::of_this_process() {
  auto* known = thread_.load();
  if (known->is_of_this_process()) return *known;
  auto fresh = std::make_unique<Thread>(url_, timeout_);
  if (thread_.compare_exchange_strong(known, fresh.get())) return *fresh.release();
  return *known;
}

}  // namespace aftercommit::detail
