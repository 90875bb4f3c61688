/// Several databases: each has its own transaction, and a job belongs to the one it joins, never to a guess.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;
using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Ids = std::vector<long>;

class TwoDatabases : public support::Payments, public ::testing::Test {
 protected:
  TwoDatabases() : Payments{{.databases = {{"default", {}}, {"reports", {}}}}} {}

  std::string database_of_the_job() {
    const auto arrived = take_arrived();
    return arrived.size() == 1 ? arrived.front().database : "(" + std::to_string(arrived.size()) + " jobs)";
  }

  Database& reports = app.database("reports");
};

TEST_F(TwoDatabases, HaveTransactionsThatKnowNothingOfEachOther) {  // P1
  EXPECT_THROW(reports.atomic([&](Transaction& tx) {
    tx.exec("INSERT INTO payment VALUES (1)");
    EXPECT_FALSE(database.in_atomic_block());
    database.atomic([](Transaction& other) { other.exec("INSERT INTO payment VALUES (2)"); });
    throw Deliberate{};
  }),
               Deliberate);
  EXPECT_EQ(committed_rows(), (Ids{2}));
}

TEST_F(TwoDatabases, LetAJobJoinTheOnlyOpenTransaction) {  // P1
  reports.atomic([&] {
    receipt.delay(1);
    EXPECT_EQ(jobs(), Ids{});
  });
  EXPECT_EQ(jobs(), (Ids{1}));
  EXPECT_THROW(reports.atomic([&] {
    receipt.delay(2);
    throw Deliberate{};
  }),
               Deliberate);
  EXPECT_EQ(jobs(), (Ids{1}));
}

TEST_F(TwoDatabases, BothOpenMakeAJobThatNamesNeitherAnErrorThatNamesBoth) {
  database.atomic([&] {
    reports.atomic([&] {
      EXPECT_THAT(message_of<UsageError>([&] { receipt.delay(1); }),
                  AllOf(HasSubstr("'default' and 'reports'"), HasSubstr("option database")));
      EXPECT_THROW(receipt.delay_many({{1}}), UsageError);
    });
  });
  EXPECT_EQ(jobs(), Ids{});
}

TEST_F(TwoDatabases, BothOpenLetAJobJoinTheOneItNames) {  // P1
  const auto join = [&](auto enqueue) {
    EXPECT_THROW(database.atomic([&](Transaction& on_default) {
      reports.atomic([&](Transaction& on_reports) { enqueue(on_default, on_reports); });
      throw Deliberate{};
    }),
                 Deliberate);
  };
  const auto on_reports = app.task<long>("on_reports", {.database = "reports"});
  join([&](auto&, auto&) { receipt.apply_async({.database = "default"}, 1); });
  join([&](auto&, auto&) { receipt.apply_async({.database = "reports"}, 2); });
  join([&](auto& first, auto&) { receipt.apply_async({.transaction = &first}, 3); });
  join([&](auto&, auto& second) { receipt.apply_async({.transaction = &second}, 4); });
  join([&](auto&, auto&) { on_reports.delay(5); });
  EXPECT_EQ(jobs(), (Ids{2, 4, 5}));
}

TEST_F(TwoDatabases, BothOpenMatterNotToImmediateDelivery) {
  database.atomic([&] {
    reports.atomic([&] {
      receipt.apply_async({.delivery = Delivery::kImmediate}, 1);
      EXPECT_EQ(jobs(), (Ids{1}));
    });
  });
}

TEST_F(TwoDatabases, NamingOneThatHasNoOpenTransactionSendsAtOnce) {
  EXPECT_THROW(database.atomic([&] {
    receipt.apply_async({.database = "reports"}, 1);
    throw Deliberate{};
  }),
               Deliberate);
  EXPECT_EQ(jobs(), (Ids{1}));
}

TEST_F(TwoDatabases, NamingOneThatDoesNotExistIsAnErrorThatNamesThoseThatDo) {
  const auto lost = app.task<long>("lost", {.database = "archive"});
  for (const auto& enqueue : std::vector<std::function<void()>>{
           [&] { receipt.apply_async({.database = "archive"}, 1); }, [&] { lost.delay(1); },
           [&] { receipt.apply_async({.delivery = Delivery::kImmediate, .database = "archive"}, 1); },
           [&] { app.database("archive"); }}) {
    EXPECT_THAT(message_of<ConfigError>(enqueue), AllOf(HasSubstr("app 'payments' has no database 'archive'"),
                                                        HasSubstr("it has default, reports")));
  }
  EXPECT_EQ(jobs(), Ids{});
}

TEST_F(TwoDatabases, MakeAJobRunOnTheDatabaseItJoined) {
  reports.atomic([&] { receipt.delay(1); });
  EXPECT_EQ(database_of_the_job(), "reports");
  database.atomic([&] { receipt.delay(1); });
  EXPECT_EQ(database_of_the_job(), "") << "the worker's own choice is the same";
  receipt.apply_async({.database = "reports"}, 1);
  EXPECT_EQ(database_of_the_job(), "reports");
}

TEST_F(TwoDatabases, MakeAJobRunWhereItJoinedEvenIfItsTaskIsDeclaredForTheOther) {
  const auto on_reports = app.task<long>("on_reports", {.database = "reports"});
  database.atomic([&](Transaction& tx) { on_reports.apply_async({.transaction = &tx}, 1); });
  EXPECT_EQ(database_of_the_job(), "default");
  on_reports.apply_async({.database = "default"}, 1);
  EXPECT_EQ(database_of_the_job(), "default");
}

TEST_F(TwoDatabases, MakeATransactionOfAForeignDatabaseAnError) {  // P1
  Database foreign{{.url = schema().url()}, "default"};
  foreign.atomic(
      [&](Transaction& tx) { EXPECT_THROW(receipt.apply_async({.transaction = &tx}, 1), UsageError); });
  EXPECT_EQ(jobs(), Ids{});
}

TEST_F(TwoDatabases, SendTheJobsOfEachAfterItsOwnCommit) {  // P1
  database.atomic([&] {
    receipt.apply_async({.database = "default"}, 1);
    reports.atomic([&] { receipt.apply_async({.database = "reports"}, 2); });
    EXPECT_EQ(jobs(), (Ids{2}));
  });
  EXPECT_EQ(jobs(), (Ids{1, 2}));
}

TEST_F(TwoDatabases, MakeManualModeOnOneAnErrorForAJobThatWouldJoinIt) {
  reports.set_autocommit(false);
  EXPECT_THROW(receipt.delay(1), TransactionManagementError);
  database.atomic([&] { receipt.apply_async({.database = "default"}, 2); });
  reports.set_autocommit(true);
  EXPECT_EQ(jobs(), (Ids{2}));
}

}  // namespace
}  // namespace aftercommit
