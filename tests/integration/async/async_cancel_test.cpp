/// Asynchronous transactions that are not wanted any more: those that wait, run, or commit.
#include <gtest/gtest.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <memory>
#include <stop_token>

#include "async_fixture.hpp"
#include "support/servers/postgres_proxy.hpp"
#include "support/servers/private_postgres.hpp"

namespace aftercommit {
namespace {

namespace net = boost::asio;

class AsyncCancel : public support::AsyncFixture {
 protected:
  AsyncCancel() : AsyncFixture{{.threads = 1}} {}

  template <class Body>
  void ask(Body body) {
    async_atomic(pool, database, {.stop = stop.get_token()}, std::move(body),
                 net::bind_executor(io, [this](std::exception_ptr failure) {
                   failure_ = failure;
                   completed = true;
                 }));
  }
  /// How it has ended.
  std::exception_ptr ending() {
    io.restart();
    while (!completed && io.run_one() > 0) {
    }
    EXPECT_TRUE(completed);
    return failure_;
  }

  std::stop_source stop;
  bool completed = false;

 private:
  std::exception_ptr failure_;
};

TEST_F(AsyncCancel, TakesOutOfTheQueueWhatWaitsForAThread) {
  support::Gate gate;
  async_run(
      pool, [&] { gate.pass(); }, net::bind_executor(io, [](std::exception_ptr) {}));
  ASSERT_TRUE(support::eventually([&] { return pool.running() == 1; }));
  bool ran = false;
  ask([&] { ran = true; });
  EXPECT_EQ(pool.waiting(), 1U);
  stop.request_stop();
  EXPECT_EQ(pool.waiting(), 0U);
  EXPECT_TRUE(support::is_cancel(ending())) << "while the thread is still at work";
  gate.open();
  io.run();
  EXPECT_FALSE(ran);
}

TEST_F(AsyncCancel, OfWhatIsAskedForAfterwardsRunsNothing) {
  stop.request_stop();
  bool ran = false;
  ask([&] { ran = true; });
  EXPECT_TRUE(support::is_cancel(ending()));
  EXPECT_FALSE(ran);
}

TEST_F(AsyncCancel, EndsTheStatementThatRunsAndRollsBack) {  // P1
  hold();
  ask([&](Transaction& tx) {
    pay(1);
    tx.exec(wait_sql());
  });
  ASSERT_TRUE(support::eventually([&] { return is_waited_for(); }));
  stop.request_stop();
  EXPECT_TRUE(support::is_cancel(ending()));
  EXPECT_FALSE(is_waited_for());
  expect_paid({});

  run([&]() -> net::awaitable<void> { co_await async_atomic(pool, database, [&] { pay(2); }); });
  expect_paid({2});
}

TEST_F(AsyncCancel, IsMetAtTheNextUseOfADatabase) {  // P1
  support::Gate begun;
  support::Gate gate;
  ask([&] {
    pay(1);
    begun.open();
    gate.pass();
    pay(2);
    ADD_FAILURE() << "it goes on";
  });
  begun.pass();
  stop.request_stop();
  gate.open();
  EXPECT_TRUE(support::is_cancel(ending()));
  expect_paid({});
}

TEST_F(AsyncCancel, RollsBackThoughTheBodyReturnsAsIfNothingHadHappened) {  // P1
  support::Gate begun;
  support::Gate gate;
  ask([&] {
    pay(1);
    begun.open();
    gate.pass();
  });
  begun.pass();
  stop.request_stop();
  gate.open();
  EXPECT_TRUE(support::is_cancel(ending()));
  expect_paid({});
}

TEST_F(AsyncCancel, LetsAnotherExceptionOfTheBodyThrough) {
  support::Gate begun;
  support::Gate gate;
  ask([&] {
    begun.open();
    gate.pass();
    throw support::Deliberate{};
  });
  begun.pass();
  stop.request_stop();
  gate.open();
  EXPECT_THROW(std::rethrow_exception(ending()), support::Deliberate);
}

TEST_F(AsyncCancel, ComesTooLateOnceTheCommitHasBegun) {  // P1, P2
  ask([&](Transaction& tx) {
    pay(1);
    tx.on_commit([&] {
      stop.request_stop();
      pay(2);  // as if nothing had been asked
    });
  });
  EXPECT_FALSE(ending());
  expect_paid({1, 2});
}

TEST_F(AsyncCancel, OfOneLeavesTheOthersOfItsThreadAlone) {
  for (long id = 1; id <= 20; ++id) {
    const auto wanted = std::make_unique<std::stop_source>();
    support::Gate begun;
    completed = false;
    async_atomic(
        pool, database, {.stop = wanted->get_token()},
        [&](Transaction& tx) {
          begun.open();
          tx.exec("SELECT pg_sleep(60)");
        },
        net::bind_executor(io, [&](std::exception_ptr failure) {
          EXPECT_TRUE(support::is_cancel(failure));
          completed = true;
        }));
    begun.pass();
    wanted->request_stop();
    async_atomic(
        pool, database, [&, id] { pay(id); },
        net::bind_executor(io, [](std::exception_ptr failure) { EXPECT_FALSE(failure); }));
    io.restart();
    io.run();
    EXPECT_TRUE(completed);
  }
  EXPECT_EQ(committed_rows().size(), 20U);
}

TEST_F(AsyncCancel, IsMetByWhatHasWaitedForAConnection) {
  App narrow{"narrow",
             {.redis_url = "memory://" + support::unique_name("narrow"),
              .databases = {{"default", {.url = schema().url(), .pool_size = 1}}}}};
  auto& one = narrow.database();
  BlockingPool beside{one, {.threads = 1}};
  std::exception_ptr failure;
  one.atomic([&] {
    one.exec("SELECT 1");  // has the connection
    async_run(
        beside, stop.get_token(), [&] { one.exec("INSERT INTO payment VALUES (1)"); },
        net::bind_executor(io, [&](std::exception_ptr thrown) { failure = thrown; }));
    EXPECT_TRUE(support::eventually([&] { return beside.running() == 1; }));
    stop.request_stop();
  });
  io.run();
  EXPECT_TRUE(support::is_cancel(failure));
  EXPECT_TRUE(outside("SELECT FROM payment").empty());
}

class AsyncCancelUnheard : protected support::OnPrivatePostgres, public ::testing::Test {};

TEST_F(AsyncCancelUnheard, ByAServerThatDoesNotAnswerCutsTheConnectionAndIsACancelAllTheSame) {
  support::PostgresProxy proxy{server};
  App app{"shop", {.redis_url = "memory://unheard", .databases = {{"default", {.url = proxy.url()}}}}};
  auto& database = app.database();
  net::io_context io;
  BlockingPool pool{database, {.threads = 1}};
  std::stop_source stop;
  std::exception_ptr ending;
  support::Gate silent;
  async_atomic(
      pool, database, {.stop = stop.get_token()},
      [&](Transaction& tx) {
        tx.exec("SELECT 1");
        proxy.go_silent(true);
        silent.open();
        tx.exec("SELECT 2");
      },
      net::bind_executor(io, [&](std::exception_ptr thrown) { ending = thrown; }));
  silent.pass();
  stop.request_stop();
  io.run();
  EXPECT_TRUE(support::is_cancel(ending));
  proxy.go_silent(false);
}

}  // namespace
}  // namespace aftercommit
