/// Shows a database that this worker lives, whatever becomes of the broker.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "aftercommit/database.hpp"
#include "worker/roles/reconnect.hpp"

namespace aftercommit::worker {

/// Says a word to the database every `interval`, on whatever session is free.  A task may hold the lock on
/// its job for hours without a word; who meets that lock and does not find the worker's lease, since it is at
/// another broker, sees by this that it lives: see detail::holder_of.
class Presence {
 public:
  /// `database` is not owned and outlives this.
  Presence(Database& database, std::chrono::milliseconds interval);

 private:
  void run(const std::stop_token& stop);

  Database& database_;  // used by thread_ alone
  const std::chrono::milliseconds interval_;
  SaidOnce speaking_{"cannot show a database that this worker lives; trying again"};
  std::mutex mutex_;  // only to wait on wake_
  std::condition_variable_any wake_;
  std::jthread thread_;  // last
};

}  // namespace aftercommit::worker
