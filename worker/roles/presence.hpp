/// Shows a database that this worker lives, whatever becomes of the broker.
#pragma once

#include <atomic>
#include <chrono>

#include "aftercommit/database.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// Says a word to the database every `interval`, on whatever session is free.  A task may hold the lock on
/// its job for hours without a word; who meets that lock and does not find the worker's lease, since it is at
/// another broker, sees by this that it lives: see detail::holder_of.
class Presence {
 public:
  /// `database` is not owned and outlives this.
  Presence(Database& database, std::chrono::milliseconds interval);

  RoleThread& thread() noexcept { return thread_; }

  /// Its last word was not answered, or has been on its way for long.  From any thread.
  bool fails() const noexcept;

 private:
  using Clock = std::chrono::steady_clock;

  void speak() noexcept;

  const std::chrono::milliseconds interval_;
  std::atomic<bool> unanswered_{false};
  std::atomic<Clock::time_point> answered_at_{Clock::now()};
  Database& database_;  // used by thread_ alone, as is what follows
  SaidOnce speaking_{"cannot show a database that this worker lives; trying again"};
  RoleThread thread_;  // last
};

}  // namespace aftercommit::worker
