/// The servers as requests use them: few at a time, so that no number of open pages loads them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dashboard/request.hpp"
#include "operate/connections.hpp"
#include "operate/servers.hpp"

namespace aftercommit::dashboard {

/// What a look or a change throws, as a refusal: a sentence without rows or secrets.
Refusal refusal_of(const std::exception& error);

/// Whether a document says that a server has not answered, so that what it holds is missing.
bool tells_of_outage(const Json& document);

/// Thread-safe.
class ServersPool {
 public:
  static constexpr std::size_t kMost = 4;

  /// Connects to nothing; throws ConfigError as operate::Servers does.
  explicit ServersPool(operate::Connections connections);

  /// Runs `use` with servers that nobody else uses meanwhile, of which it waits up to 5 s for.  Throws
  /// Refusal for whatever `use` throws, or where all are in use.
  Json use(const std::function<Json(operate::Servers& servers)>& use);

  const operate::Connections& connections() const noexcept { return connections_; }
  const std::vector<std::string>& aliases() const noexcept { return aliases_; }  ///< of the databases
  const std::string& redis_url() const noexcept { return redis_url_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Kept {
    std::unique_ptr<operate::Servers> servers;
    Clock::time_point made_at;
  };

  Kept take();
  void give_back(Kept kept);

  const operate::Connections connections_;
  std::vector<std::string> aliases_;  // constant after construction, as the next
  std::string redis_url_;
  std::mutex mutex_;
  std::condition_variable free_;  // waits with mutex_
  std::vector<Kept> idle_;        // with mutex_, as the next
  std::size_t in_use_ = 0;
};

}  // namespace aftercommit::dashboard
