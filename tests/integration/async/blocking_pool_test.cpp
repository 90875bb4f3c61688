/// The threads behind asynchronous transactions: how many there are, what waits for them, and their end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/use_future.hpp>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "async_fixture.hpp"

namespace aftercommit {
namespace {

namespace net = boost::asio;
using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ABlockingPool : public support::AsyncFixture {
 protected:
  /// What is asked for of a pool, in the order of its completions.
  template <class Body>
  std::future<void> ask(BlockingPool& of, Body body) {
    return async_atomic(of, database, std::move(body), net::use_future);
  }
};

TEST_F(ABlockingPool, HasAsManyThreadsAsItsDatabaseHasConnections) {
  const BlockingPool by_default{database};
  EXPECT_EQ(by_default.threads(), database.options().pool_size);
  EXPECT_EQ(pool.threads(), 2U);
}

TEST_F(ABlockingPool, RunsNoMoreAtOnceThanItHasThreads) {
  support::Gate gate;
  std::mutex mutex;
  std::size_t now = 0;
  std::size_t most = 0;
  std::vector<std::future<void>> asked;
  for (int i = 0; i < 6; ++i) {
    asked.push_back(ask(pool, [&] {
      {
        const std::lock_guard lock{mutex};
        most = std::max(most, ++now);
      }
      gate.pass();
      const std::lock_guard lock{mutex};
      --now;
    }));
  }
  ASSERT_TRUE(support::eventually([&] {
    const std::lock_guard lock{mutex};
    return most == 2;
  }));
  EXPECT_EQ(pool.running(), 2U);
  EXPECT_EQ(pool.waiting(), 4U);
  gate.open();
  for (auto& one : asked) one.get();
  EXPECT_EQ(most, 2U);
}

TEST_F(ABlockingPool, RefusesAtOnceWhatItsQueueHasNoPlaceFor) {
  BlockingPool small{database, {.threads = 1, .queue_limit = 1}};
  support::Gate gate;
  auto runs = ask(small, [&] { gate.pass(); });
  auto waits = ask(small, [&] { pay(1); });
  auto refused = ask(small, [&] { pay(2); });
  EXPECT_THAT(message_of<PoolExhausted>([&] { refused.get(); }),
              AllOf(HasSubstr("all 1 threads of its BlockingPool are busy, and 1 wait already"),
                    HasSubstr("raise `threads`"), HasSubstr("`queue_limit`")));
  gate.open();
  runs.get();
  waits.get();
  expect_paid({1});
}

TEST_F(ABlockingPool, RefusesWhatHasWaitedForAThreadForTooLong) {
  BlockingPool small{database, {.threads = 1, .queue_timeout = std::chrono::milliseconds{1}}};
  support::Gate gate;
  std::atomic<bool> begun{false};
  std::future<void> runs;
  while (!begun) {  // its thread may itself take longer to come
    runs = ask(small, [&] {
      begun = true;
      gate.pass();
    });
    ASSERT_TRUE(support::eventually(
        [&] { return begun || runs.wait_for(std::chrono::seconds{0}) == std::future_status::ready; }));
  }
  auto refused = ask(small, [&] { pay(2); });
  const auto error = support::caught<PoolExhausted>([&] { refused.get(); });  // while that still runs
  ASSERT_TRUE(error);
  EXPECT_THAT(error->what(), AllOf(HasSubstr("came free within 0.001 s"), HasSubstr("`queue_timeout`")));
  EXPECT_TRUE(error->retryable());
  gate.open();
  runs.get();
  expect_paid({});
}

TEST_F(ABlockingPool, GivesTheNextNothingOfWhatOneHasLeftOpen) {
  BlockingPool one{database, {.threads = 1}};
  async_run(
      one,
      [&] {
        database.set_autocommit(false);
        database.exec("INSERT INTO payment VALUES (1)");
      },
      net::use_future)
      .get();
  async_run(
      one,
      [&] {
        EXPECT_TRUE(database.get_autocommit());
        EXPECT_TRUE(rows().empty());
      },
      net::use_future)
      .get();
}

TEST_F(ABlockingPool, ThatIsDestroyedEndsWhatRunsAndCancelsWhatWaits) {
  std::optional<BlockingPool> ending{std::in_place, database, BlockingPoolOptions{.threads = 1}};
  support::Gate gate;
  std::exception_ptr first;
  std::exception_ptr second;
  async_atomic(
      *ending, database,
      [&] {
        gate.pass();
        pay(1);
      },
      net::bind_executor(io, [&](std::exception_ptr failure) { first = failure; }));
  ASSERT_TRUE(support::eventually([&] { return ending->running() == 1; }));
  async_atomic(
      *ending, database, [&] { pay(2); }, net::bind_executor(io, [&](std::exception_ptr failure) {
        second = failure;
        gate.open();  // without which the pool would not end
      }));
  std::jthread destroying{[&] { ending.reset(); }};
  io.run();
  destroying.join();
  EXPECT_FALSE(first);
  EXPECT_TRUE(support::is_cancel(second));
  expect_paid({1});
}

TEST_F(ABlockingPool, ThatIsStoppedCancelsWhatComesLater) {
  pool.stop();
  pool.stop();
  std::exception_ptr ending;
  async_atomic(
      pool, database, [&] { pay(1); },
      net::bind_executor(io, [&](std::exception_ptr failure) { ending = failure; }));
  io.run();
  EXPECT_TRUE(support::is_cancel(ending));
  expect_paid({});
}

TEST_F(ABlockingPool, CannotBeStoppedInOneOfItsOwnThreads) {
  auto asked = async_run(
      pool, [&] { pool.stop(); }, net::use_future);
  EXPECT_THAT(message_of<UsageError>([&] { asked.get(); }), HasSubstr("one of its own threads"));
}

TEST_F(ABlockingPool, MayBeDestroyedByTheLastBodyThatHoldsIt) {
  auto shared = std::make_shared<BlockingPool>(database, BlockingPoolOptions{.threads = 1});
  support::Gate gate;
  auto& own = *shared;
  std::future<void> ended = async_run(
      own, [&gate, shared] { gate.pass(); }, net::use_future);
  shared.reset();
  gate.open();
  EXPECT_NO_THROW(ended.get());
}

TEST_F(ABlockingPool, WithoutThreadsIsRefused) {
  const Database none{{.url = schema().url(), .pool_size = 0}, "none"};
  EXPECT_THAT(message_of<UsageError>([&] { const BlockingPool made{none}; }),
              AllOf(HasSubstr("database 'none'"), HasSubstr("pool_size")));
}

TEST_F(ABlockingPool, IsOfNoUseInAForkedChildAndDoesItNoHarm) {
  std::optional<BlockingPool> forked{std::in_place, database, BlockingPoolOptions{.threads = 1}};
  ask(*forked, [] {}).get();
  const ::pid_t child = ::fork();
  if (child == 0) {
    bool refused = false;
    async_run(
        *forked, [] {}, net::bind_executor(io, [&](std::exception_ptr failure) {
          refused = failure && message_of<UsageError>([&] {
                                 std::rethrow_exception(failure);
                               }).find("fork") != std::string::npos;
        }));
    io.run();
    forked.reset();
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  ask(*forked, [&] { pay(1); }).get();
  expect_paid({1});
}

}  // namespace
}  // namespace aftercommit
