/// Where a Transaction may be used, and which statements it refuses: commit and rollback belong to the block.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class TransactionUse : public support::Payments, public ::testing::Test {};

TEST_F(TransactionUse, FromAnotherThreadIsAnError) {  // P1
  database.atomic([&](Transaction& tx) {
    std::jthread{[&] {
      EXPECT_THAT(message_of<UsageError>([&] { tx.exec("INSERT INTO payment VALUES (1)"); }),
                  HasSubstr("from another thread than the one that opened the transaction"));
      EXPECT_THROW(tx.exec("INSERT INTO payment VALUES ($1)", 1), UsageError);
      EXPECT_THROW(tx.on_commit([] {}), UsageError);
      EXPECT_THROW(tx.savepoint(), UsageError);
      EXPECT_THROW(tx.savepoint_commit({"s1"}), UsageError);
      EXPECT_THROW(tx.savepoint_rollback({"s1"}), UsageError);
      EXPECT_THROW(tx.get_rollback(), UsageError);
      EXPECT_THROW(tx.set_rollback(true), UsageError);
    }}.join();
    pay(2);
  });
  expect_paid({2});
}

TEST_F(TransactionUse, AfterItsBlockIsAnErrorAndNeverAutocommit) {  // P1
  Transaction* left = nullptr;
  database.atomic([&](Transaction& tx) { left = &tx; });
  EXPECT_THAT(message_of<UsageError>([&] { left->exec("INSERT INTO payment VALUES (1)"); }),
              HasSubstr("has been left"));
  EXPECT_THROW(left->exec("INSERT INTO payment VALUES ($1)", 1), UsageError);
  EXPECT_THROW(left->on_commit([] { FAIL() << "must not run"; }), UsageError);
  expect_paid({});
}

TEST_F(TransactionUse, IsTheSameInEveryBlockOfAThread) {
  database.atomic([&](Transaction& outer) {
    database.atomic([&](Transaction& inner) { EXPECT_EQ(&outer, &inner); });
    EXPECT_EQ(&database.transaction(), &outer);
    EXPECT_EQ(&outer.database(), &database);
  });
}

TEST_F(TransactionUse, OfTwoDatabasesIsTwoTransactions) {  // P1
  Database other{{.url = schema().url()}, "other"};
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    other.atomic([](Transaction& tx) { tx.exec("INSERT INTO payment VALUES (2)"); });
    throw support::Deliberate{};
  }),
               support::Deliberate);
  EXPECT_EQ(committed_rows(), (std::vector<long>{2}));
}

class TransactionControl : public TransactionUse, public ::testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Statements, TransactionControl,
                         ::testing::Values("COMMIT", "ROLLBACK", "BEGIN", "END", "ABORT", "START TRANSACTION",
                                           "SAVEPOINT mine", "RELEASE mine", "ROLLBACK TO mine",
                                           "PREPARE TRANSACTION 'mine'", "  /* quietly */ commit",
                                           "-- one\rCOMMIT", "SELECT 1; COMMIT; BEGIN", "COMMIT AND CHAIN"),
                         [](const auto& form) { return "Form" + std::to_string(form.index); });

TEST_P(TransactionControl, IsRefusedBeforeItIsSentAndHarmsNothing) {  // P1
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    pay(1);
    EXPECT_THAT(message_of<UsageError>([&] { tx.exec(GetParam()); }),
                AllOf(HasSubstr("as a statement on database 'default'"), HasSubstr("use atomic()")));
    EXPECT_FALSE(tx.get_rollback());
    throw support::Deliberate{};
  }),
               support::Deliberate);
  EXPECT_THROW(database.exec(GetParam()), UsageError);
  expect_paid({});
}

TEST_F(TransactionUse, AllowsTheWordsOfTransactionControlWhereTheyControlNothing) {
  database.atomic([&](Transaction& tx) {
    pay(1);
    tx.exec("SELECT 'x; COMMIT; y', $$; ROLLBACK; $$, $tag$; BEGIN; $tag$, E'\\'; COMMIT; ' -- ; COMMIT");
    tx.exec("DO $$ BEGIN PERFORM 1; END $$");
    tx.exec("CREATE FUNCTION one() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END");
    EXPECT_EQ(tx.exec("SELECT one() AS commit")[0][0].as<int>(), 1);
    tx.exec("PREPARE begin AS SELECT 1");
    tx.exec("DEALLOCATE begin");
  });
  expect_paid({1});
}

TEST_F(TransactionUse, LetsTheServerRefuseControlInsideCode) {  // P1
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    pay(1);
    tx.exec("DO $$ BEGIN COMMIT; END $$");
  }),
               pqxx::sql_error);
  expect_paid({});
}

TEST_F(TransactionUse, RunsSeveralStatementsInOneStringAllOrNothing) {  // P1
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    tx.exec("INSERT INTO payment VALUES (1); INSERT INTO payment VALUES (1)");
  }),
               pqxx::unique_violation);
  database.atomic(
      [&](Transaction& tx) { tx.exec("INSERT INTO payment VALUES (2); INSERT INTO payment VALUES (3)"); });
  EXPECT_EQ(committed_rows(), (std::vector<long>{2, 3}));
}

TEST_F(TransactionUse, RefusesANulByteWhichWouldCutTheTextShort) {
  database.atomic([&](Transaction& tx) {
    EXPECT_THROW(tx.exec(std::string_view{"SELECT 1\0; DELETE FROM payment", 30}), UsageError);
    EXPECT_THAT(message_of<UsageError>([&] {
                  tx.exec("SELECT $1, $2", "x", std::string{"a\0b", 3});
                }),
                HasSubstr("$2"));
    pay(1);
  });
  expect_paid({1});
}

TEST_F(TransactionUse, SendsValuesOfEveryKindAsParameters) {
  const auto row = database.exec(
      "SELECT $1::int = -7, $2::bigint = 9223372036854775807, $3::text = 'it''s; --', $4::text IS NULL, "
      "$5::bool, $6::float8 = 0.1, $7::bytea = '\\x00ff', $8::jsonb -> 'a' = '1', $9::int IS NULL, $10::text "
      "= 'x'",
      -7, 9223372036854775807L, "it's; --", nullptr, true, 0.1,
      std::vector<std::byte>{std::byte{0}, std::byte{255}}, nlohmann::json{{"a", 1}}, std::optional<int>{},
      std::optional<std::string>{"x"})[0];
  for (const auto& field : row) EXPECT_TRUE(field.as<bool>()) << "column " << field.num();
}

}  // namespace
}  // namespace aftercommit
