/// Hears of new jobs in one database for the relays of several shards.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>

#include "aftercommit/database.hpp"
#include "client/job_table/job_listener.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// A wait to listen lasts no longer: a stop is noticed only between waits.
inline constexpr Millis kListenSlice{250};

/// Tells the relays of all shards of news in one database.  Thread-safe.
class RelayBell {
 public:
  void ring();
  /// Waits until it has been rung since `heard`, which it then is again; false: it was not, by then.
  bool wait(std::uint64_t& heard, std::chrono::steady_clock::time_point until, const std::stop_token& stop);

 private:
  std::mutex mutex_;  // protects rings_
  std::condition_variable_any rung_;
  std::uint64_t rings_ = 0;
};

/// Listens for the relays of several shards.
class RelayListener {
 public:
  /// As Relay's.
  RelayListener(Database& database, std::chrono::milliseconds interval, std::shared_ptr<RelayBell> bell,
                std::function<void()> on_cancel);

  RoleThread& thread() noexcept { return thread_; }

 private:
  void listen(const std::stop_token& stop);

  Database& database_;  // used by thread_ alone, as is what follows
  const std::chrono::milliseconds interval_;
  const std::shared_ptr<RelayBell> bell_;
  detail::JobListener listener_;
  SaidOnce listening_{"cannot listen for new jobs; looking for them at each interval"};
  RoleThread thread_;  // last
};

}  // namespace aftercommit::worker
