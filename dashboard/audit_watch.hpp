/// The sum of audit, looked at now and then, and when somebody asks for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "operate/connections.hpp"
#include "operate/json.hpp"

namespace aftercommit::dashboard {

/// An audit reads every job, so it goes by itself only where that are few.  One at a time, on a thread of its
/// own.  Thread-safe.
class AuditWatch {
 public:
  static constexpr std::int64_t kByItself = 20'000;     ///< jobs, the dead included
  static constexpr std::int64_t kAtAll = 1'000'000;     ///< beyond that only by the command: it takes minutes
  static constexpr std::int64_t kOfLedger = 50'000;     ///< done jobs that are counted of each database
  static constexpr std::chrono::seconds kInterval{60};  ///< between two that go by themselves

  explicit AuditWatch(operate::Connections connections);
  ~AuditWatch();

  /// There are about so many jobs; without `all_counted` there may be more, and nobody knows how many.
  /// `watched`: somebody looks, so one is begun where it is time for it.
  void consider(std::int64_t jobs, bool all_counted, bool watched);
  /// Begins one, unless one is under way; false: there are too many jobs.
  bool ask();

  /// {"state", "jobs", "by_itself", "at", "took_ms", "error", "agrees", "needs_somebody", "audit"}.
  operate::Json in_json() const;
  /// The same without the document of the audit.
  operate::Json summary() const;

 private:
  using Clock = std::chrono::steady_clock;

  void run(const std::stop_token& stop);
  void look(const std::stop_token& stop);

  const operate::Connections connections_;
  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable_any wake_;
  bool asked_ = false;
  bool running_ = false;
  std::int64_t jobs_ = 0;
  bool few_ = false;  // enough to go by itself
  std::optional<Clock::time_point> ended_;
  std::string at_;  // when the last one ended, in UTC
  std::int64_t took_ms_ = 0;
  std::string error_;
  operate::Json audit_;  // null: there was none
  std::jthread thread_;  // last
};

}  // namespace aftercommit::dashboard
