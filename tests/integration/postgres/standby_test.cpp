/// A database that takes no writes after a failover: nothing waits there for ever, and a block that only
/// wants to read is nobody's fault.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "client/job_table/claim_forms.hpp"
#include "client/transaction/read_only.hpp"
#include "client/transaction/session.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"
#include "support/servers/private_postgres.hpp"

namespace aftercommit {
namespace {

using support::caught;
using support::eventually;
using support::message_of;
using support::PrivatePostgres;
using support::sqlstate;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// The shop on a server of its own, which becomes a standby.
class Standby : protected support::OnPrivatePostgres, public support::Payments, public ::testing::Test {
 protected:
  /// The session of outside() goes with the server.
  void demote() {
    server.demote();
    ASSERT_TRUE(eventually([&] {
      try {
        return !outside("SELECT 1").empty();
      } catch (const std::exception&) {
        return false;
      }
    }));
  }
  std::string pid() { return database.exec("SELECT pg_backend_pid()")[0][0].as<std::string>(); }
};

const auto kSaysSo = AllOf(HasSubstr("database 'default' takes no writes: it is a standby"),
                           HasSubstr("nothing was committed"));

TEST_F(Standby, IsDatabaseUnavailableToAWrite) {
  demote();
  const auto error =
      caught<DatabaseUnavailable>([&] { database.exec("INSERT INTO payment VALUES ($1)", 1); });
  ASSERT_TRUE(error);
  EXPECT_THAT(error->what(), kSaysSo);
  EXPECT_TRUE(error->retryable());
  EXPECT_FALSE(error->in_doubt());
}

TEST_F(Standby, IsDatabaseUnavailableToABlockAndToItsJobs) {  // P1
  demote();
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] { database.atomic([&] { pay(1); }); }), kSaysSo);
  const auto names_the_job = AllOf(kSaysSo, HasSubstr("the durable job of task 'receipt' neither"));
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] { database.atomic([&] { receipt.delay(1); }); }),
              names_the_job)
      << "in the message of COMMIT";
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] { receipt.delay(1); }), names_the_job);
  EXPECT_THAT(message_of<TransactionManagementError>([&] {
                database.atomic([&] { EXPECT_ANY_THROW(database.exec("INSERT INTO payment VALUES (1)")); });
              }),
              HasSubstr("standby"))
      << "swallowed";
  server.promote();
  database.atomic([&] { pay(2); });
  expect_paid({2});
}

TEST_F(Standby, IsDatabaseUnavailableToAClaim) {
  const Envelope job{.id = receipt.delay(1), .durable = true};
  demote();
  detail::AnyClaim claim{job, &database};
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] {
                const Atomic block{database, claim->begin()};
              }),
              kSaysSo);
}

TEST_F(Standby, CanBeRead) {
  database.atomic([&] { pay(1); });
  demote();
  EXPECT_EQ(rows(), std::vector<long>{1});
  const auto before = pid();
  database.atomic({.read_only = true}, [&] { EXPECT_EQ(rows(), std::vector<long>{1}); });
  EXPECT_EQ(pid(), before);
}

TEST_F(Standby, IsNoMatterToAReadOnlyBlock) {
  demote();
  const auto before = pid();
  const auto error = caught<pqxx::sql_error>([&] {
    database.atomic({.read_only = true}, [&](Transaction& tx) { tx.exec("INSERT INTO payment VALUES (1)"); });
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(sqlstate(*error), "25006");
  EXPECT_EQ(pid(), before);
}

TEST_F(Standby, IsSaidByTheCheckOfAWorker) {
  EXPECT_EQ(detail::why_read_only(database), "");
  demote();
  EXPECT_EQ(detail::why_read_only(database), "it is a standby");
}

TEST_F(Standby, IsToldFromAReadOnlyDefault) {
  const auto before = pid();
  server.set("default_transaction_read_only", "on");
  ASSERT_TRUE(eventually([&] { return !detail::why_read_only(database).empty(); }));
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] { pay(1); }),
              HasSubstr("default_transaction_read_only is on"));
  EXPECT_NE(pid(), before) << "a role's setting would count for new sessions alone";
  server.set("default_transaction_read_only", "off");
  ASSERT_TRUE(eventually([&] { return detail::why_read_only(database).empty(); }));
  database.atomic([&] { pay(2); });
  EXPECT_EQ(committed_rows(), std::vector<long>{2});
}

TEST_F(Standby, IsToldToATransactionThatBeganBeforeTheServerTookWritesAgain) {
  server.set("default_transaction_read_only", "on");
  ASSERT_TRUE(eventually([&] { return !detail::why_read_only(database).empty(); }));
  EXPECT_THAT(message_of<DatabaseUnavailable>([&] {
                database.atomic([&](Transaction& tx) {
                  tx.exec("SELECT");
                  server.set("default_transaction_read_only", "off");
                  EXPECT_TRUE(eventually([&] {
                    return tx.exec("SHOW default_transaction_read_only")[0][0].as<std::string>() == "off";
                  }));
                  pay(1);
                });
              }),
              HasSubstr("default_transaction_read_only is on"));
  database.atomic([&] { pay(2); });
  EXPECT_EQ(committed_rows(), std::vector<long>{2});
}

/// On a primary.
class ReadOnlyOnRequest : public support::Payments, public ::testing::Test {
 protected:
  static void expect_refused(const std::function<void()>& write) {
    const auto error = caught<pqxx::sql_error>(write);
    ASSERT_TRUE(error);
    EXPECT_EQ(sqlstate(*error), "25006");
  }
  std::string pid() { return database.exec("SELECT pg_backend_pid()")[0][0].as<std::string>(); }
};

TEST_F(ReadOnlyOnRequest, IsNoFailoverAndTheConnectionStays) {
  const auto before = pid();
  const auto write = [&] { database.exec("INSERT INTO payment VALUES (1)"); };
  expect_refused([&] { database.atomic({.read_only = true}, write); });
  expect_refused([&] {
    database.atomic([&](Transaction& tx) {
      tx.exec("SET TRANSACTION READ ONLY");
      write();
    });
  });
  expect_refused([&] {
    database.atomic([&](Transaction& tx) {
      tx.exec("SET LOCAL transaction_read_only = on");
      write();
    });
  });
  database.atomic([&] {
    pay(1);
    expect_refused([&] { database.atomic({.read_only = true}, write); });
    pay(2);
  });
  expect_paid({1, 2});
  EXPECT_EQ(pid(), before);
}

/// An address that leads to one of two servers, as a name or a virtual address does.
class Failover : protected support::OnPrivatePostgres {
 protected:
  Failover() {
    std::filesystem::create_directory_symlink(server.folder(), address_);
    ::setenv("DATABASE_URL", ("postgresql:///postgres?user=postgres&host=" + address_.string()).c_str(), 1);
  }
  ~Failover() { std::filesystem::remove(address_); }

  /// The address leads on to the old primary for a while.
  void fail_over() {
    other.promote();
    server.demote();
  }
  void move_the_address() {
    std::filesystem::remove(address_);
    std::filesystem::create_directory_symlink(other.folder(), address_);
  }

  const std::filesystem::path address_ = "/tmp/" + support::unique_name("aftercommit-address");
  PrivatePostgres other{PrivatePostgres::StandbyOf{server}};
};

class AfterAFailover : protected Failover, public support::Payments, public ::testing::Test {
 protected:
  void await_replication() {
    const auto lag = "SELECT FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()";
    ASSERT_TRUE(eventually([&] { return !outside(lag).empty(); }));
  }
  /// Several connections in the pool, to the standby that the address still leads to.
  void fill_the_pool() {
    Atomic first{database};
    first->exec("SELECT 1");
    std::jthread{[&] { database.exec("SELECT 1"); }}.join();
  }
};

TEST_F(AfterAFailover, TheNextStatementReachesTheNewPrimary) {
  database.atomic([&] { pay(1); });
  await_replication();
  fail_over();
  fill_the_pool();
  move_the_address();
  EXPECT_THROW(database.atomic([&] { database.exec("INSERT INTO payment VALUES (2)"); }),
               DatabaseUnavailable);
  database.atomic([&] { database.exec("INSERT INTO payment VALUES (3)"); });
  EXPECT_EQ(rows(), (std::vector<long>{1, 3}));
}

TEST_F(AfterAFailover, AClaimReachesItWithoutAnError) {
  const Envelope job{.id = receipt.delay(1), .durable = true};
  await_replication();
  fail_over();
  fill_the_pool();
  move_the_address();
  detail::AnyClaim claim{job, &database};
  Atomic block{database, claim->begin()};
  EXPECT_TRUE(claim->is_ours());
  block.commit();
  EXPECT_TRUE(block.committed());
}

}  // namespace
}  // namespace aftercommit
