/// Jobs in transactions on a bare connection of libpq.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <memory>
#include <string>

#include "aftercommit/foreign/libpq.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::caught;
using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ForeignLibpq : public support::Payments, public ::testing::Test {
 protected:
  void run(const char* sql) { ::PQclear(::PQexec(connection.get(), sql)); }
  long committed_jobs() { return outside("SELECT count(*) FROM job")[0][0].as<long>(); }

  const std::unique_ptr<PGconn, decltype(&::PQfinish)> connection{
      ::PQconnectdb(schema().url("libpq").c_str()), &::PQfinish};
};

TEST_F(ForeignLibpq, HasAJobIfAndOnlyIfItsTransactionCommits) {  // P1
  run("BEGIN");
  const auto id = receipt.delay_in(connection.get(), 1);
  run("SAVEPOINT before");
  receipt.delay_in(connection.get(), 2);
  run("ROLLBACK TO before");
  EXPECT_EQ(committed_jobs(), 0);
  run("COMMIT");
  run("BEGIN");
  receipt.delay_in(connection.get(), 3);
  run("ROLLBACK");
  const auto rows = outside("SELECT id FROM job");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0][0].as<std::string>(), id.str());
}

TEST_F(ForeignLibpq, InAutocommitIsRefusedBeforeAnythingIsSent) {
  EXPECT_THAT(message_of<UsageError>([&] { receipt.delay_in(connection.get(), 1); }),
              AllOf(HasSubstr("cannot enqueue task 'receipt' on this PGconn: no transaction is open on it"),
                    HasSubstr("send BEGIN first")));
  EXPECT_EQ(committed_jobs(), 0);
}

TEST_F(ForeignLibpq, ThatIsBusyOrHasFailedOrIsNoneSaysSo) {
  run("BEGIN");
  ASSERT_EQ(::PQsendQuery(connection.get(), "SELECT 1"), 1);
  EXPECT_THAT(message_of<UsageError>([&] { receipt.delay_in(connection.get(), 1); }),
              HasSubstr("take its results first"));
  while (auto* const result = ::PQgetResult(connection.get())) ::PQclear(result);
  run("SELECT 1 / 0");
  EXPECT_THAT(message_of<TransactionManagementError>([&] { receipt.delay_in(connection.get(), 1); }),
              HasSubstr("a statement before this one has failed"));
  PGconn* const none = nullptr;
  EXPECT_THAT(message_of<UsageError>([&] { receipt.delay_in(none, 1); }), HasSubstr("it is a null pointer"));
}

TEST_F(ForeignLibpq, GivesTheServersRefusalWithItsState) {
  outside("ALTER TABLE job ADD CONSTRAINT none_at_all CHECK (queue <> 'default')");
  run("BEGIN");
  const auto error = caught<StatementFailed>([&] { receipt.delay_in(connection.get(), 1); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->sqlstate(), "23514");
  EXPECT_THAT(error->what(), HasSubstr("none_at_all"));
  outside("DROP TABLE job");
  run("ROLLBACK");
  run("BEGIN");
  EXPECT_THAT(message_of<ConfigError>([&] { receipt.delay_in(connection.get(), 1); }),
              HasSubstr("run `aftercommit migrate"));
}

TEST_F(ForeignLibpq, WhoseConnectionIsLostSaysThatNothingWasCommitted) {
  run("BEGIN");
  outside("SELECT pg_terminate_backend(" + std::to_string(::PQbackendPID(connection.get())) + ", 10000)");
  const auto error = caught<DatabaseUnavailable>([&] { receipt.delay_in(connection.get(), 1); });
  ASSERT_TRUE(error);
  EXPECT_THAT(error->what(), HasSubstr("the connection is lost, and with it the transaction"));
  EXPECT_TRUE(caught<DatabaseUnavailable>([&] { receipt.delay_in(connection.get(), 1); }));
}

}  // namespace
}  // namespace aftercommit
