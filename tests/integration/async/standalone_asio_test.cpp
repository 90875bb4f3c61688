/// The same with Asio by itself, in a release that has cancellation slots.
#define AFTERCOMMIT_STANDALONE_ASIO
#include <gtest/gtest.h>

#include <asio.hpp>
#include <chrono>
#include <exception>

#include "aftercommit/asio.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

class StandaloneAsio : public support::Payments, public ::testing::Test {
 protected:
  asio::io_context io;
  BlockingPool pool{database, {.threads = 1}};
};

bool is_aborted(const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const asio::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  }
  return false;
}

TEST_F(StandaloneAsio, HasTransactionsToo) {  // P1, P2
  long got = 0;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        got = co_await async_atomic(pool, database, [&] {
          pay(1);
          return 7L;
        });
      },
      [](std::exception_ptr failure) { EXPECT_FALSE(failure); });
  io.run();
  EXPECT_EQ(got, 7);
  expect_paid({1});
}

TEST_F(StandaloneAsio, CancelsByTheSlotOfAHandler) {  // P1
  asio::cancellation_signal signal;
  std::exception_ptr ending;
  async_atomic(
      pool, database,
      [&](Transaction& tx) {
        pay(1);
        asio::post(io, [&] { signal.emit(asio::cancellation_type::terminal); });
        tx.exec("SELECT pg_sleep(60)");
      },
      asio::bind_cancellation_slot(
          signal.slot(), asio::bind_executor(io, [&](std::exception_ptr failure) { ending = failure; })));
  io.run();
  EXPECT_TRUE(is_aborted(ending));
  expect_paid({});
  EXPECT_FALSE(signal.slot().has_handler());
}

TEST_F(StandaloneAsio, CancelsWhatACoroutineWaitsForByTheSlotOfThat) {  // P1
  asio::cancellation_signal signal;
  std::exception_ptr ending;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        co_await async_atomic(pool, database, [&](Transaction& tx) {
          pay(1);
          asio::post(io, [&] { signal.emit(asio::cancellation_type::terminal); });
          tx.exec("SELECT pg_sleep(60)");
        });
      },
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure) { ending = failure; }));
  io.run();
  EXPECT_TRUE(is_aborted(ending));
  expect_paid({});
}

}  // namespace
}  // namespace aftercommit
