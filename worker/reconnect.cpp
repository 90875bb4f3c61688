#include "worker/reconnect.hpp"

#include <random>

#include "aftercommit/log.hpp"
#include "aftercommit/retry.hpp"

namespace aftercommit::worker {

void Reconnect::wait(const std::string& error, const std::stop_token& stop) {
  using namespace std::chrono_literals;
  if (failures_++ == 0) {
    since_ = std::chrono::steady_clock::now();
    log(LogLevel::kError, "the broker does not serve; trying again until it does",
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
  log(LogLevel::kInfo, "the broker serves again",
      {{"role", std::string{role_}},
       {"after_ms", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(outage).count())}});
  failures_ = 0;
}

}  // namespace aftercommit::worker
