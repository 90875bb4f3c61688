#include "client/sending/durable_push.hpp"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "aftercommit/log.hpp"
#include "base/epoch_ms.hpp"
#include "base/process/signals_blocked.hpp"
#include "broker/contract/broker.hpp"

namespace aftercommit::detail {
namespace {

using Clock = std::chrono::steady_clock;

/// While the broker is away, jobs are left to the relay at once.
constexpr std::chrono::seconds kPause{1};
/// The first job goes at once, those that follow this soon together.
constexpr std::chrono::milliseconds kGather{1};
/// So many wait for a broker that hangs, and so many bytes of them; more are left to the relay.
constexpr std::size_t kMostWaiting = 10'000;
constexpr std::size_t kMostBytes = std::size_t{32} * 1024 * 1024;

std::size_t bytes_of(const std::vector<PendingJob>& jobs) {
  std::size_t bytes = 0;
  for (const auto& job : jobs) bytes += job.outgoing.payload.size();
  return bytes;
}

}  // namespace

class DurablePush::Thread {
 public:
  Thread(std::unique_ptr<EnqueueTarget> broker, std::chrono::milliseconds timeout, SendCounts& counts)
      : broker_{std::move(broker)}, timeout_{timeout}, counts_{counts} {}
  ~Thread() { end(); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  bool is_of_this_process() const noexcept { return process_ == ::getpid(); }

  void end() noexcept {
    {
      const std::lock_guard lock{mutex_};
      if (!stop_by_) stop_by_ = Clock::now() + timeout_;
    }
    called_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  void push(std::vector<PendingJob> jobs) {
    const auto bytes = bytes_of(jobs);
    bool asleep = false;
    {
      const std::lock_guard lock{mutex_};
      if (stop_by_ || Clock::now() < away_until_ || !has_room(jobs.size(), bytes)) {
        counts_.relayed.add(jobs.size());
        return;
      }
      if (!thread_.joinable()) {
        const SignalsBlocked blocked;
        thread_ = std::thread{[this] { run(); }};
      }
      std::ranges::move(jobs, std::back_inserter(waiting_));
      waiting_bytes_ += bytes;
      asleep = std::exchange(asleep_, false);
    }
    if (asleep) called_.notify_one();
  }

  void note_outage(const char* what, const char* error) noexcept {
    constexpr std::chrono::seconds kQuiet{60};
    {
      const std::lock_guard lock{mutex_};
      const auto now = Clock::now();
      away_until_ = now + kPause;
      drop_waiting();
      const auto before = std::exchange(failed_at_, now);
      if (before && now - *before < kQuiet) return;
    }
    try {
      log(LogLevel::kWarning,
          "durable jobs are committed, but not sent to the broker: the relay of a worker will bring them, or "
          "a worker finds them in their table",
          {{"error", std::string{what} + error}});
    } catch (const std::exception&) {
      // No memory to say so.
    }
  }

 private:
  /// The jobs of one transaction, however many, are no more than the caller has held in memory anyhow.
  bool has_room(std::size_t jobs, std::size_t bytes) const {
    return waiting_.empty() ||
           (waiting_.size() + jobs <= kMostWaiting && waiting_bytes_ + bytes <= kMostBytes);
  }

  void drop_waiting() noexcept {
    counts_.relayed.add(waiting_.size());
    waiting_.clear();
    waiting_bytes_ = 0;
  }

  void run() noexcept {
    while (true) {
      auto timeout = timeout_;
      auto jobs = next_jobs(timeout);
      if (jobs.empty()) return;
      const auto begun = Clock::now();
      const auto next = begun + kGather;
      try {
        broker_->enqueue(due_from_now(jobs), timeout);
        counts_.sent.add(jobs.size());
        counts_.took.add(microseconds_since(begun));
      } catch (const std::exception& error) {
        counts_.relayed.add(jobs.size());
        note_outage("", error.what());
      }
      std::unique_lock lock{mutex_};
      called_.wait_until(lock, next, [this] { return stop_by_.has_value(); });
    }
  }

  /// Waits for them; none when there is nothing more to do.  Shortens `timeout` where somebody waits for the
  /// end.
  std::vector<PendingJob> next_jobs(std::chrono::milliseconds& timeout) {
    std::unique_lock lock{mutex_};
    while (waiting_.empty() && !stop_by_) {
      asleep_ = true;
      called_.wait(lock);
    }
    using std::chrono::milliseconds;
    if (stop_by_) timeout = std::min(timeout, std::chrono::ceil<milliseconds>(*stop_by_ - Clock::now()));
    waiting_bytes_ = 0;
    return std::exchange(waiting_, {});
  }

  const pid_t process_ = ::getpid();
  const std::unique_ptr<EnqueueTarget> broker_;  // used by thread_ alone
  const std::chrono::milliseconds timeout_;
  SendCounts& counts_;
  std::mutex mutex_;  // protects what follows
  std::condition_variable called_;
  std::vector<PendingJob> waiting_;
  std::size_t waiting_bytes_ = 0;
  Clock::time_point away_until_{};
  std::optional<Clock::time_point> failed_at_;
  bool asleep_ = false;                       // and not called yet
  std::optional<Clock::time_point> stop_by_;  // set: send what waits, and end
  std::thread thread_;
};

DurablePush::DurablePush(MakeTarget make_target, std::chrono::milliseconds timeout, SendCounts& counts)
    : make_target_{std::move(make_target)},
      timeout_{bounded_timeout(timeout)},
      counts_{counts},
      thread_{new Thread{make_target_(), timeout_, counts_}} {}

DurablePush::DurablePush(std::string url, std::chrono::milliseconds timeout, SendCounts& counts)
    : DurablePush{MakeTarget{[url = std::move(url)] { return make_broker(url); }}, timeout, counts} {}

DurablePush::~DurablePush() {
  auto* const thread = thread_.load();
  if (thread->is_of_this_process()) delete thread;
}

void DurablePush::end() noexcept {
  auto* const thread = thread_.load();
  if (thread->is_of_this_process()) thread->end();
}

void DurablePush::push(std::vector<PendingJob> jobs) noexcept {
  try {
    auto& thread = of_this_process();
    try {
      thread.push(std::move(jobs));
    } catch (const std::system_error& error) {
      thread.note_outage("cannot start a thread: ", error.what());
    }
  } catch (const std::exception&) {
    // No memory.
  }
}

/// Without a lock, which a thread of the parent may have held while it forked.
DurablePush::Thread& DurablePush::of_this_process() {
  auto* known = thread_.load();
  if (known->is_of_this_process()) return *known;
  auto fresh = std::make_unique<Thread>(make_target_(), timeout_, counts_);
  if (thread_.compare_exchange_strong(known, fresh.get())) return *fresh.release();
  return *known;
}

}  // namespace aftercommit::detail
