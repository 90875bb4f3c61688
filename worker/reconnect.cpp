#include "worker/reconnect.hpp"

#include <map>
#include <random>

#include "aftercommit/log.hpp"
#include "aftercommit/retry.hpp"

namespace aftercommit::worker {

namespace {

/// What does not serve now, and how many roles of this process have found it so.
class Troubles {
 public:
  /// True for the first role.
  bool begin(std::string_view server) {
    const std::lock_guard lock{mutex_};
    return roles_[server]++ == 0;
  }
  /// True for the last one.
  bool end(std::string_view server) {
    const std::lock_guard lock{mutex_};
    return --roles_[server] == 0;
  }

 private:
  std::mutex mutex_;  // protects roles_
  std::map<std::string_view, int> roles_;
};

Troubles& troubles() {
  static Troubles all;
  return all;
}

}  // namespace

Reconnect::~Reconnect() {
  if (failures_ > 0) troubles().end(server_);
}

void Reconnect::wait(const std::string& error, const std::stop_token& stop) {
  using namespace std::chrono_literals;
  if (failures_++ == 0) {
    since_ = std::chrono::steady_clock::now();
    log(troubles().begin(server_) ? LogLevel::kError : LogLevel::kDebug,
        std::string{server_} + " does not serve; trying again until it does",
        {{"role", std::string{role_}}, {"error", error}});
  }
  thread_local std::mt19937 random{std::random_device{}()};
  const auto pause =
      exponential(100ms, 5000ms, 2.0, 0.5).wait(failures_, std::uniform_real_distribution<>{}(random));
  std::unique_lock lock{mutex_};
  wake_.wait_for(lock, stop, pause, [] { return false; });
}

void Reconnect::succeeded() {
  if (failures_ == 0) return;
  const auto outage = std::chrono::steady_clock::now() - since_;
  log(troubles().end(server_) ? LogLevel::kInfo : LogLevel::kDebug, std::string{server_} + " serves again",
      {{"role", std::string{role_}},
       {"after_ms", std::chrono::duration_cast<std::chrono::milliseconds>(outage).count()}});
  failures_ = 0;
}

}  // namespace aftercommit::worker
