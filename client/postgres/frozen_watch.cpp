#include "client/postgres/frozen_watch.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <pqxx/connection>
#include <thread>
#include <utility>

#include "aftercommit/log.hpp"
#include "base/process/forks.hpp"
#include "base/process/signals_blocked.hpp"
#include "client/postgres/connection_url.hpp"

namespace aftercommit::detail {
namespace {

constexpr std::chrono::seconds kPause{1};
/// Who refuses does so at once.
constexpr std::chrono::seconds kLongestRefusal{1};
constexpr int kSilentProbes = 3;

/// The thread of this process; it ends with it, and so do its parts.
class Thread {
 public:
  static Thread& of_this_process() {
    static std::atomic<Thread*> current{nullptr};
    auto* known = current.load();
    if (known != nullptr && known->forks_ == forks()) return *known;
    auto fresh = std::make_unique<Thread>();
    if (current.compare_exchange_strong(known, fresh.get())) return *fresh.release();
    return *known;
  }

  void add(std::weak_ptr<FrozenWatch> watch) {
    const std::lock_guard lock{mutex_};
    std::erase_if(watches_, [](const auto& known) { return known.expired(); });
    watches_.push_back(std::move(watch));
    if (started_) return;
    const SignalsBlocked blocked;
    std::thread{[this] { run(); }}.detach();
    started_ = true;
  }

 private:
  [[noreturn]] void run() {
    while (true) {
      try {
        for (const auto& watch : wait()) {
          if (const auto found = watch.lock()) found->look();
        }
      } catch (const std::exception&) {
        // No memory: there may be some at the next look.
      }
    }
  }

  std::vector<std::weak_ptr<FrozenWatch>> wait() {
    std::unique_lock lock{mutex_};
    never_.wait_for(lock, kPause);
    return watches_;
  }

  const unsigned forks_ = forks();
  std::mutex mutex_;  // protects what follows
  std::condition_variable never_;
  std::vector<std::weak_ptr<FrozenWatch>> watches_;
  bool started_ = false;
};

}  // namespace

void FrozenWatch::add(const std::shared_ptr<Connection>& connection) noexcept {
  try {
    const auto process = forks();
    bool known = true;
    {
      const std::lock_guard lock{mutex_};
      known = std::exchange(known_in_, process) == process;
      if (!known) watched_.clear();  // a parent's are its own
      std::erase_if(watched_, [](const Watched& old) { return old.connection.expired(); });
      watched_.push_back({connection});
    }
    if (!known) Thread::of_this_process().add(weak_from_this());
  } catch (const std::exception&) {
    // Then a frozen server is waited for, as by any other program.
  }
}

void FrozenWatch::look() {
  const auto waiting = find_waiting();
  if (waiting.empty() || answers()) {
    silent_probes_ = 0;
    return;
  }
  if (++silent_probes_ < kSilentProbes) return;
  silent_probes_ = 0;
  log(LogLevel::kWarning,
      "a database server lets nobody in and answers nobody: what waited for it is cut off",
      {{"database", alias_}, {"connections", std::to_string(waiting.size())}});
  for (const auto& connection : waiting) connection->sever();
}

std::vector<std::shared_ptr<Connection>> FrozenWatch::find_waiting() {
  const auto now = Clock::now();
  std::vector<std::shared_ptr<Connection>> waiting;
  const std::lock_guard lock{mutex_};
  std::erase_if(watched_, [&](Watched& watched) {
    auto connection = watched.connection.lock();
    if (!connection) return true;
    const auto messages = connection->messages();
    const bool unanswered = messages % 2 != 0;
    if (std::exchange(watched.messages, messages) != messages) {
      watched.since = now;
    } else if (unanswered && now - watched.since >= options_.connect_timeout) {
      waiting.push_back(std::move(connection));
    }
    return false;
  });
  return waiting;
}

/// That a statement takes long says nothing of the server.  Whether it can be reached at all does.
bool FrozenWatch::answers() const {
  const auto began = Clock::now();
  try {
    const pqxx::connection probe{connection_string(options_)};
    return true;
  } catch (const std::exception&) {
    return Clock::now() - began < kLongestRefusal;
  }
}

}  // namespace aftercommit::detail
