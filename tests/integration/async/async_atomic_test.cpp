/// Database::atomic for programs whose threads must not wait: what of it they see.
#include <gtest/gtest.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>
#include <memory>
#include <stdexcept>
#include <thread>

#include "aftercommit/trace.hpp"
#include "async_fixture.hpp"
#include "broker/envelope/trace_field.hpp"

namespace aftercommit {
namespace {

namespace net = boost::asio;
using support::Deliberate;

class AsyncAtomic : public support::AsyncFixture {};

TEST_F(AsyncAtomic, KeepsNoThreadOfItsProgramWhileItWaitsForTheDatabase) {
  hold();
  bool ended = false;
  net::co_spawn(
      io,
      [&]() -> net::awaitable<void> {
        co_await async_atomic(pool, database, [&](Transaction& tx) { tx.exec(wait_sql()); });
        ended = true;
      },
      [](std::exception_ptr failure) { EXPECT_FALSE(failure); });
  run([&]() -> net::awaitable<void> {  // in the only thread
    while (!is_waited_for()) co_await net::post(co_await net::this_coro::executor, net::use_awaitable);
    EXPECT_FALSE(ended);
    let_go();
  });
  EXPECT_TRUE(ended);
}

TEST_F(AsyncAtomic, HasCommittedSentItsJobsAndRunItsHooksWhenItCompletes) {  // P1, P2
  run([&]() -> net::awaitable<void> {
    co_await async_atomic(pool, database, [&] {
      EXPECT_TRUE(database.in_atomic_block());
      pay(1);
    });
    EXPECT_FALSE(database.in_atomic_block());
    expect_paid({1});
  });
}

TEST_F(AsyncAtomic, IsRolledBackWithItsJobsWhereItsBodyThrows) {  // P1
  run([&]() -> net::awaitable<void> {
    bool thrown = false;
    try {
      co_await async_atomic(pool, database, [&]() -> int {
        pay(1);
        throw Deliberate{};
      });
    } catch (const Deliberate&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    expect_paid({});
  });
}

TEST_F(AsyncAtomic, HandsOnWhatItsBodyReturnsAlsoWhatCanOnlyBeMoved) {
  run([&]() -> net::awaitable<void> {
    EXPECT_EQ(co_await async_atomic(pool, database,
                                    [](Transaction& tx) { return tx.exec("SELECT 7")[0][0].as<int>(); }),
              7);
    auto given = std::make_unique<int>(8);
    // g++ 12 destroys twice what a lambda owns that is written within an expression of co_await.
    auto body = [given = std::move(given)]() mutable { return std::move(given); };
    const auto moved = co_await async_atomic(pool, database, std::move(body));
    EXPECT_EQ(*moved, 8);
  });
}

TEST_F(AsyncAtomic, TakesTheOptionsOfABlock) {
  run([&]() -> net::awaitable<void> {
    const auto level = co_await async_atomic(
        pool, database, {.atomic = {.isolation = Isolation::kSerializable}},
        [](Transaction& tx) { return tx.exec("SHOW transaction_isolation")[0][0].as<std::string>(); });
    EXPECT_EQ(level, "serializable");
  });
}

TEST_F(AsyncAtomic, HasBlocksInsideAsAnyOther) {  // P1
  run([&]() -> net::awaitable<void> {
    co_await async_atomic(pool, database, [&] {
      pay(1);
      EXPECT_THROW(database.atomic([&] {
        pay(2);
        throw Deliberate{};
      }),
                   Deliberate);
      database.atomic([&] { pay(3); });
    });
    expect_paid({1, 3});
  });
}

TEST_F(AsyncAtomic, HandsOnWhatAHookThrowsThoughItsCommitStands) {
  run([&]() -> net::awaitable<void> {
    bool thrown = false;
    try {
      co_await async_atomic(pool, database, [&](Transaction& tx) {
        pay(1);
        tx.on_commit([] { throw Deliberate{}; });
      });
    } catch (const Deliberate&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    expect_paid({1});
  });
}

TEST_F(AsyncAtomic, CompletesOnTheExecutorOfWhoHasAskedAndRunsInAnotherThread) {
  const auto strand = net::make_strand(io);
  const auto self = std::this_thread::get_id();
  std::thread::id ran;
  bool completed = false;
  net::co_spawn(
      strand,
      [&]() -> net::awaitable<void> {
        co_await async_atomic(pool, database, [&] { ran = std::this_thread::get_id(); });
        EXPECT_TRUE(strand.running_in_this_thread());
        EXPECT_EQ(std::this_thread::get_id(), self);
        completed = true;
      },
      [](std::exception_ptr failure) { EXPECT_FALSE(failure); });
  io.run();
  EXPECT_TRUE(completed);
  EXPECT_NE(ran, self);
}

TEST_F(AsyncAtomic, KeepsItsContextRunningUntilItCompletesAndNeverDoesSoAtOnce) {
  int result = 0;
  bool asking = true;
  async_atomic(
      pool, database, [] { return 7; }, net::bind_executor(io, [&](std::exception_ptr failure, int got) {
        EXPECT_FALSE(asking);
        EXPECT_FALSE(failure);
        result = got;
      }));
  asking = false;
  EXPECT_TRUE(support::eventually([&] { return pool.running() + pool.waiting() == 0; }));
  EXPECT_EQ(result, 0) << "it is this thread that runs the context";
  io.run();
  EXPECT_EQ(result, 7);
}

TEST_F(AsyncAtomic, IsGivenAsAFuture) {
  EXPECT_EQ(async_atomic(
                pool, database, [] { return 7; }, net::use_future)
                .get(),
            7);
  auto failing = async_atomic(
      pool, database, [] { throw Deliberate{}; }, net::use_future);
  EXPECT_THROW(failing.get(), Deliberate);
}

TEST_F(AsyncAtomic, IsRidOfWhatItsBodyHoldsBeforeItCompletes) {
  run([&]() -> net::awaitable<void> {
    auto held = std::make_shared<int>(7);
    const std::weak_ptr watched{held};
    auto body = [held = std::move(held)] { EXPECT_EQ(*held, 7); };
    co_await async_atomic(pool, database, std::move(body));
    EXPECT_TRUE(watched.expired());
  });
}

TEST_F(AsyncAtomic, IsInTheTraceThatIsOpenWhereItIsAskedFor) {
  const auto asked = TraceContext::generate();
  {
    const TraceScope scope{asked};
    async_atomic(
        pool, database, [&] { receipt.delay(1); }, net::use_future)
        .get();
  }
  async_atomic(
      pool, database, [&] { EXPECT_EQ(TraceContext::current(), nullptr); }, net::use_future)
      .get();
  std::vector<Envelope> arrived;
  ASSERT_TRUE(support::eventually([&] {
    arrived = take_arrived();
    return !arrived.empty();
  }));
  EXPECT_EQ(trace_of(arrived[0]), asked);
}

TEST_F(AsyncAtomic, IsOnlyOneOfTheThingsThatAPoolRuns) {
  run([&]() -> net::awaitable<void> {
    const auto rows = co_await async_run(pool, [&] {
      EXPECT_FALSE(database.in_atomic_block());
      pay(1);  // in autocommit
      return committed_rows();
    });
    EXPECT_EQ(rows, (std::vector<long>{1}));
  });
}

}  // namespace
}  // namespace aftercommit
