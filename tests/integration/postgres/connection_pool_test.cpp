/// The pool: how many connections there are, how long one waits for them, and what a restart of the server
/// does.
#include "client/postgres/connection_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "support/fixtures/payments.hpp"
#include "support/servers/private_postgres.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Pool : public ::testing::Test {
 protected:
  Database database_of(std::size_t size, std::chrono::milliseconds timeout = 5s) {
    return Database{{.url = schema_.url(schema_.name()), .pool_size = size, .pool_timeout = timeout}};
  }
  /// How many connections the server has from us.
  int connections() {
    pqxx::connection outside{support::database_url()};
    return pqxx::nontransaction{outside}
        .exec("SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + schema_.name() + "'")[0][0]
        .as<int>();
  }

  const support::Schema schema_;
};

TEST_F(Pool, ConnectsAtFirstUseAndKeepsTheConnection) {
  Database database = database_of(3);
  EXPECT_EQ(connections(), 0);
  const auto pid = [&] { return database.exec("SELECT pg_backend_pid()")[0][0].as<int>(); };
  EXPECT_EQ(pid(), pid());
  EXPECT_EQ(database.atomic([&] { return pid(); }), pid());
  EXPECT_EQ(connections(), 1);
}

TEST_F(Pool, GivesEachThreadATransactionOfItsOwn) {  // P1
  Database database = database_of(2);
  database.atomic([&](Transaction& tx) {
    tx.exec("CREATE TABLE seen_by_one_thread (id int)");
    std::jthread{[&] {
      EXPECT_FALSE(database.in_atomic_block());
      EXPECT_THROW(database.exec("SELECT * FROM seen_by_one_thread"), pqxx::undefined_table);
      EXPECT_THROW(
          database.atomic([](Transaction& other) { other.exec("SELECT * FROM seen_by_one_thread"); }),
          pqxx::undefined_table);
    }}.join();
    tx.exec("SELECT * FROM seen_by_one_thread");
  });
}

TEST_F(Pool, ExhaustedIsDatabaseUnavailableWithinItsTimeoutAndSaysWhatToDo) {
  Database database = database_of(1, 50ms);
  database.atomic([&] {
    std::jthread{[&] {
      const auto before = steady_clock::now();
      const auto message = message_of<DatabaseUnavailable>([&] { database.exec("SELECT 1"); });
      EXPECT_LT(steady_clock::now() - before, 2s);
      EXPECT_GE(steady_clock::now() - before, 50ms);
      EXPECT_THAT(message, AllOf(HasSubstr("no connection to database 'default' came free within 50 ms"),
                                 HasSubstr("all 1 of the pool are in use"), HasSubstr("raise pool_size")));
    }}.join();
  });
}

TEST_F(Pool, ExhaustedRunsNothingOfTheBlockAndMayBeTriedAgain) {
  Database database = database_of(1, 10ms);
  bool ran = false;
  const auto run = [&] { database.atomic([&] { ran = true; }); };
  database.atomic([&] {
    std::jthread{[&] {
      const auto error = support::caught<DatabaseUnavailable>(run);
      ASSERT_TRUE(error);
      EXPECT_TRUE(error->retryable());
      EXPECT_FALSE(ran);
    }}.join();
  });
  run();
  EXPECT_TRUE(ran);
}

TEST_F(Pool, LetsAThreadWaitForTheConnectionOfAnother) {
  Database database = database_of(1);
  std::mutex mutex;
  std::condition_variable entered;
  bool inside = false;
  std::jthread holder{[&] {
    database.atomic([&](Transaction& tx) {
      {
        const std::lock_guard lock{mutex};
        inside = true;
      }
      entered.notify_one();
      tx.exec("SELECT pg_sleep(0.05)");
    });
  }};
  {
    std::unique_lock lock{mutex};
    ASSERT_TRUE(entered.wait_for(lock, 20s, [&] { return inside; }));
  }
  EXPECT_EQ(database.exec("SELECT 7")[0][0].as<int>(), 7);
}

TEST_F(Pool, NeverHasMoreConnectionsThanItsSize) {
  Database database = database_of(3);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 12; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 5; ++round) database.atomic([](Transaction& tx) { tx.exec("SELECT 1"); });
      });
    }
  }
  EXPECT_GE(connections(), 1);
  EXPECT_LE(connections(), 3);
}

TEST_F(Pool, IsOneConnectionForThreadsThatShare) {
  Database database = database_of(12);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&] {
        const detail::SharesConnections sharing{20s};
        database.atomic([](Transaction& tx) { tx.exec("SELECT 1"); });
      });
    }
  }
  EXPECT_EQ(connections(), 1);
}

TEST_F(Pool, MakesOneMoreForAThreadThatSharesWhereAnotherKeepsItsOwn) {
  Database database = database_of(2);
  const auto ask = [&] {
    const detail::SharesConnections sharing;
    return database.exec("SELECT 7")[0][0].as<int>();
  };
  const detail::SharesConnections sharing;
  database.atomic([&](Transaction& tx) {
    tx.exec("SELECT 1");
    EXPECT_EQ(std::async(std::launch::async, ask).get(), 7);
    EXPECT_EQ(connections(), 2);
  });
}

TEST_F(Pool, TakesBackTheConnectionOfABlockThatFails) {
  Database database = database_of(1, 50ms);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THROW(database.atomic([] { throw support::Deliberate{}; }), support::Deliberate);
    EXPECT_THROW(database.exec("SELECT no_such_column"), pqxx::undefined_column);
    EXPECT_THROW(database.atomic({.isolation = Isolation::kSerializable}, [&] { database.exec("nonsense"); }),
                 pqxx::syntax_error);
  }
}

TEST(Database, ThatCannotBeReachedIsDatabaseUnavailableWhereverItIsUsed) {
  Database database{{.url = "postgresql://postgres:secret@127.0.0.1:1/none"}, "shop"};
  const auto says = AllOf(HasSubstr("cannot connect to database 'shop'"), Not(HasSubstr("secret")));
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] { database.check(); }), says);
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] { database.exec("SELECT 1"); }), says);
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] { database.atomic([] { FAIL() << "must not run"; }); }),
              says);
  database.set_autocommit(false);
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] { database.exec("SELECT 1"); }), says);
}

class ConnectionPoolAfterFork : public support::Payments, public ::testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "it forbids new threads in a child of a process with several";
#endif
  }
};

TEST_F(ConnectionPoolAfterFork, GivesTheChildAConnectionOfItsOwnAndLeavesTheParentsAlone) {
  const auto backend = [&] { return database.exec("SELECT pg_backend_pid()")[0][0].as<int>(); };
  const int parents = backend();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(backend() == parents ? 1 : 0);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(backend(), parents);
}

class PoolOnARestartedServer : protected support::OnPrivatePostgres,
                               public support::Payments,
                               public ::testing::Test {};

TEST_F(PoolOnARestartedServer, JustWorksInTheNextBlock) {  // P1
  database.atomic([&] { pay(1); });
  server.restart();
  database.atomic([&] { pay(2); });
  EXPECT_EQ(rows(), (std::vector<long>{1, 2}));
}

TEST_F(PoolOnARestartedServer, IsUnavailableOnlyWhileTheServerIsDown) {  // P1
  database.atomic([&] { pay(1); });
  server.stop();
  EXPECT_THROW(database.atomic([&] { pay(2); }), DatabaseUnavailable);
  server.start();
  database.atomic([&] { pay(3); });
  EXPECT_EQ(rows(), (std::vector<long>{1, 3}));
  EXPECT_EQ(jobs(), (std::vector<long>{1, 3}));
}

TEST_F(PoolOnARestartedServer, RollsBackTheBlockThatWasOpen) {  // P1
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    server.restart();
    pay(2);
  }),
               pqxx::broken_connection);
  database.atomic([&] { pay(3); });
  EXPECT_EQ(rows(), (std::vector<long>{3}));
  EXPECT_EQ(jobs(), (std::vector<long>{3}));
}

}  // namespace
}  // namespace aftercommit
