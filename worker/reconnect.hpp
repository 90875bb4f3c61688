/// Waiting for a server to come back: with backoff and jitter, said once, not once a second.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/log.hpp"

namespace aftercommit::worker {

/// For one role on its own thread.
class Reconnect {
 public:
  /// `role` says in the log who waits: "fetching jobs".
  /// `server` is what does not serve then.
  explicit Reconnect(std::string_view role, std::string_view server = "the broker")
      : role_{role}, server_{server} {}

  ~Reconnect();
  Reconnect(const Reconnect&) = delete;
  Reconnect& operator=(const Reconnect&) = delete;

  /// After a failure: logs the first of a row, and others for a few other reasons (other roles that meet the
  /// same outage do so for debugging only), then waits 0.1 s, 0.2 s ... 5 s, less up to a half at random, or
  /// until stopped.
  void wait(const std::string& error, const std::stop_token& stop);
  /// After a success: logs the end of an outage, if there was one.
  void succeeded();

 private:
  const std::string_view role_;
  const std::string_view server_;
  std::mutex mutex_;  // only to wait on wake_
  std::condition_variable_any wake_;
  int failures_ = 0;
  std::vector<std::string> told_;  // reasons of this outage
  LogLevel level_ = LogLevel::kError;
  std::chrono::steady_clock::time_point since_{};
};

}  // namespace aftercommit::worker
