/// A program of Asio's with one thread, which is the test's, and a pool beside it.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "aftercommit/asio.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit::support {

/// Keeps threads at work until it is opened.
class Gate {
 public:
  ~Gate() { open(); }
  void pass() {
    std::unique_lock lock{mutex_};
    EXPECT_TRUE(changed_.wait_for(lock, kDeadline, [this] { return open_; }));
  }
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Whether an operation has ended as one that was cancelled.
inline bool is_cancel(const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    return error.code() == boost::asio::error::operation_aborted;
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
  return false;
}

class AsyncFixture : public Payments, public ::testing::Test {
 protected:
  explicit AsyncFixture(const BlockingPoolOptions& options = {.threads = 2}) : pool{database, options} {}

  /// Runs a coroutine, and all else that there is to do, in this thread.
  void run(std::function<boost::asio::awaitable<void>()> body) {
    std::exception_ptr failure;
    boost::asio::co_spawn(io, std::move(body), [&](std::exception_ptr thrown) { failure = thrown; });
    io.restart();
    io.run();
    if (failure) std::rethrow_exception(failure);
  }

  // A lock of PostgreSQL's that bodies wait for.
  void hold() { outside("SELECT pg_advisory_lock(" + key() + ")"); }
  void let_go() { outside("SELECT pg_advisory_unlock(" + key() + ")"); }
  bool is_waited_for() {
    return outside(
               "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND (classid::bigint << 32) "
               "| "
               "objid::bigint = " +
               key())
               .size() == 1;
  }
  std::string wait_sql() { return "SELECT pg_advisory_xact_lock(" + key() + ")"; }

  boost::asio::io_context io;
  BlockingPool pool;  // gone before the context

 private:
  std::string key() {
    if (key_.empty()) key_ = outside("SELECT pg_backend_pid()")[0][0].as<std::string>();
    return key_;
  }

  std::string key_;
};

}  // namespace aftercommit::support
