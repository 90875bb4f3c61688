/// Hears of jobs that were enqueued by SQL, and of those that were cancelled while they ran.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "aftercommit/database.hpp"

namespace aftercommit::detail {

/// A hint, never needed: notifications may be missed, and a pooler may not pass them on.  For one thread.
class JobListener {
 public:
  /// Does not connect yet.  `database` is not owned and outlives this.  `on_cancel` is called within wait(),
  /// and may be empty.
  explicit JobListener(Database& database, std::function<void()> on_cancel = {});
  ~JobListener();
  JobListener(const JobListener&) = delete;
  JobListener& operator=(const JobListener&) = delete;

  /// Waits up to `timeout` for a notification; true if one of jobs came.  Connects if need be; throws
  /// DatabaseUnavailable when the connection is lost, and connects anew the next time.  Behind a pooler it
  /// throws at once, without connecting after the first time: another session would listen, and go on for
  /// ever.
  bool wait(std::chrono::milliseconds timeout);

 private:
  struct Connection;

  Database& database_;
  const std::function<void()> on_cancel_;
  std::unique_ptr<Connection> connection_;  // null: not listening
  bool pooled_ = false;
};

}  // namespace aftercommit::detail
