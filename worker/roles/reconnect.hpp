/// What a role does with its errors: said once, not once a second, and waited out with backoff and jitter.
#pragma once

#include <atomic>
#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/log.hpp"
#include "base/pause.hpp"
#include "base/process/fail_point.hpp"
#include "worker/watch/progress.hpp"

namespace aftercommit::worker {

/// Why something does not serve, as the log has told it in one outage: each reason once, and a few at most.
class ToldReasons {
 public:
  /// True for one that is to be told.
  bool add(const std::string& reason);
  void clear() noexcept { reasons_.clear(); }

 private:
  std::vector<std::string> reasons_;
};

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

  /// One step of the role.  Whatever it throws, want of memory included, is told once an outage and waited
  /// for, as by wait(); false then.  A step calls succeeded() when it has met its server; it must leave
  /// behind what it can go on from.
  template <class Step>
  bool attempt(const std::stop_token& stop, Step&& step) noexcept {
    try {
      progress_.enter(Phase::kAtWork);
      fail_point(role_);
      std::forward<Step>(step)();
      return true;
    } catch (...) {
      wait_out(stop);
      return false;
    }
  }

  /// After a failure: logs the first of a row, and others for a few other reasons (other roles that meet the
  /// same outage do so for debugging only), then waits 0.1 s, 0.2 s ... 5 s, less up to a half at random, or
  /// until stopped.
  void wait(const std::string& error, const std::stop_token& stop);
  /// After a success: logs the end of an outage, if there was one.
  void succeeded();
  /// Waits so long, or until stopped; false then.
  bool pause(std::chrono::steady_clock::duration time, const std::stop_token& stop) {
    return pause_.wait(time, stop);
  }

  /// Its last attempt has failed, and it has not met its server since.  From any thread.
  bool fails() const noexcept { return fails_; }

  /// Of the role: its steps, and where it waits.
  Progress& progress() noexcept { return progress_; }
  const Progress& progress() const noexcept { return progress_; }

 private:
  enum class Trouble { kNone, kServer, kOwn };

  void wait_out(const std::stop_token& stop) noexcept;
  void tell_of_what_was_caught();
  void tell(Trouble trouble, const std::string& error);
  void back_off(const std::stop_token& stop);
  void count_reconnect() const noexcept;

  const std::string_view role_;
  const std::string_view server_;
  Progress progress_;
  Pause pause_;
  int failures_ = 0;
  Trouble told_ = Trouble::kNone;
  std::atomic<bool> fails_{false};
  ToldReasons reasons_;
  LogLevel level_ = LogLevel::kError;
  std::chrono::steady_clock::time_point since_{};
};

/// The same without a server: what fails again and again is said once, and that it is over.  For one thread.
class SaidOnce {
 public:
  /// `what`: a sentence, "the ledger cannot be purged; trying again in a minute".
  explicit SaidOnce(std::string_view what) : what_{what} {}

  /// Within a handler: what was caught, for this database.
  void failed(const std::string& database) noexcept;
  void succeeded() noexcept { said_ = false; }

 private:
  const std::string_view what_;
  bool said_ = false;
};

}  // namespace aftercommit::worker
