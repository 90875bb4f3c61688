#include "worker/outage.hpp"

#include <condition_variable>
#include <random>

#include "aftercommit/log.hpp"

namespace aftercommit::worker {

void Outages::met(const std::string& database, const std::string& error) {
  std::unique_lock lock{mutex_};
  if (since_.try_emplace(database, std::chrono::steady_clock::now()).second) {
    log(LogLevel::kError, "a database does not serve; its jobs are put off, which uses up no retry",
        {{"database", database}, {"error", error}});
  }
  thread_local std::mt19937 random{std::random_device{}()};
  const std::chrono::milliseconds pause{std::uniform_int_distribution{50, 250}(random)};
  std::condition_variable never;
  never.wait_for(lock, pause);
}

void Outages::over(const std::string& database) {
  const std::lock_guard lock{mutex_};
  if (since_.empty()) return;
  const auto found = since_.find(database);
  if (found == since_.end()) return;
  const auto outage = std::chrono::steady_clock::now() - found->second;
  log(LogLevel::kInfo, "a database serves again",
      {{"database", database},
       {"after_ms", std::chrono::duration_cast<std::chrono::milliseconds>(outage).count()}});
  since_.erase(found);
}

}  // namespace aftercommit::worker
