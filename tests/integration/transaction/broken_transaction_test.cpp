/// After a failed statement: nothing more runs, nothing is committed, and the error says which statement it
/// was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/fixtures/surroundings.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;
using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class FailedStatement : public support::InSurroundings {
 protected:
  static void fail_and_swallow(Transaction& tx) {
    EXPECT_THROW(tx.exec("SELECT no_such_column FROM payment"), pqxx::undefined_column);
  }
};

INSTANTIATE_TEST_SUITE_P(Everywhere, FailedStatement, support::everywhere(), support::name_of);

TEST_P(FailedStatement, NeverEndsInACommitWhenItsErrorIsSwallowed) {  // P1
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    pay(1);
    fail_and_swallow(tx);
  }),
               TransactionManagementError);
  expect_paid({});
}

TEST_P(FailedStatement, NeverEndsInACommitWhenItHadParametersAndItsErrorIsSwallowed) {  // P1
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    pay(1);
    EXPECT_THROW(tx.exec("INSERT INTO payment VALUES ($1)", 1), pqxx::unique_violation);
  }),
               TransactionManagementError);
  expect_paid({});
}

TEST_P(FailedStatement, NeverLetsALaterStatementCommitByItself) {  // P1: libpqxx would, with parameters
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    fail_and_swallow(tx);
    EXPECT_THROW(tx.exec("INSERT INTO payment VALUES ($1)", 1), TransactionManagementError);
    EXPECT_THROW(tx.exec("INSERT INTO payment VALUES (2)"), TransactionManagementError);
    EXPECT_THROW(database.exec("INSERT INTO payment VALUES ($1)", 3), TransactionManagementError);
  }),
               TransactionManagementError);
  expect_paid({});
}

TEST_P(FailedStatement, IsNamedByTheErrorOfTheNextStatementAndByThatOfLeavingTheBlock) {
  const auto names_it =
      AllOf(HasSubstr("SELECT no_such_column FROM payment"),
            HasSubstr("column \"no_such_column\" does not exist"), HasSubstr("database 'default'"));
  const auto leaving = message_of<TransactionManagementError>([&] {
    database.atomic([&](Transaction& tx) {
      fail_and_swallow(tx);
      EXPECT_THAT(message_of<TransactionManagementError>([&] { tx.exec("SELECT 1"); }), names_it);
    });
  });
  EXPECT_THAT(leaving, AllOf(names_it, HasSubstr("rolled back")));
}

TEST_P(FailedStatement, IsNamedWithoutTheValuesOfItsParameters) {
  const auto leaving = message_of<TransactionManagementError>([&] {
    database.atomic([&](Transaction& tx) {
      EXPECT_ANY_THROW(tx.exec("SELECT 1 WHERE $1 = no_such_column", "a secret"));
    });
  });
  EXPECT_THAT(leaving, Not(HasSubstr("a secret")));
}

TEST_P(FailedStatement, IsNamedOnOneLineAndCutShort) {
  const auto leaving = message_of<TransactionManagementError>([&] {
    database.atomic([&](Transaction& tx) {
      EXPECT_ANY_THROW(
          tx.exec("SELECT\n  no_such_column,\n\t'" + std::string(10'000, 'x') + "' FROM payment"));
    });
  });
  EXPECT_THAT(leaving, AllOf(HasSubstr("SELECT no_such_column, 'xxx"), Not(HasSubstr("\n"))));
  EXPECT_LT(leaving.size(), 500U);
}

TEST_P(FailedStatement, OfTheFirstKindIsTheOneThatIsNamed) {
  const auto leaving = message_of<TransactionManagementError>([&] {
    database.atomic([&](Transaction& tx) {
      fail_and_swallow(tx);
      EXPECT_THROW(tx.exec("SELECT another_one"), TransactionManagementError);
    });
  });
  EXPECT_THAT(leaving, AllOf(HasSubstr("no_such_column"), Not(HasSubstr("another_one"))));
}

TEST_P(FailedStatement, MakesTheBlockOneThatWillRollBack) {
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    fail_and_swallow(tx);
    EXPECT_TRUE(tx.get_rollback());
  }),
               TransactionManagementError);
}

TEST_P(FailedStatement, EndsSilentlyWhereSetRollbackAskedForIt) {  // P1
  database.atomic([&](Transaction& tx) {
    pay(1);
    fail_and_swallow(tx);
    tx.set_rollback(true);
  });
  expect_paid({});
}

TEST_P(FailedStatement, IsHealedByRollingBackASavepointAroundIt) {  // P1
  database.atomic([&](Transaction& tx) {
    pay(1);
    const auto savepoint = tx.savepoint();
    pay(2);
    fail_and_swallow(tx);
    tx.savepoint_rollback(savepoint);
    pay(3);
  });
  expect_paid({1, 3});
}

TEST_P(FailedStatement, IsHealedByTheBlockAroundItThatTheErrorLeaves) {  // P1
  database.atomic([&] {
    pay(1);
    EXPECT_THROW(database.atomic([&](Transaction& tx) {
      pay(2);
      tx.exec("SELECT no_such_column FROM payment");
    }),
                 pqxx::undefined_column);
    pay(3);
  });
  expect_paid({1, 3});
}

TEST_P(FailedStatement, SwallowedInANestedBlockRollsThatBlockBackAndSaysSo) {  // P1
  database.atomic([&] {
    pay(1);
    EXPECT_THROW(database.atomic([&](Transaction& tx) {
      pay(2);
      fail_and_swallow(tx);
    }),
                 TransactionManagementError);
    pay(3);
  });
  expect_paid({1, 3});
}

TEST_P(FailedStatement, SwallowedInAMergedBlockRollsTheOuterBackWhichSaysSo) {  // P1
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    database.atomic({.savepoint = false}, [&](Transaction& tx) { fail_and_swallow(tx); });
    EXPECT_THROW(pay(2), TransactionManagementError);
  }),
               TransactionManagementError);
  expect_paid({});
}

TEST_P(FailedStatement, IsNotHealedByAnInnerBlockOpenedAfterIt) {  // P1
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    pay(1);
    fail_and_swallow(tx);
    database.atomic([&] { EXPECT_THROW(pay(2), TransactionManagementError); });
    EXPECT_THROW(database.atomic([] { throw Deliberate{}; }), Deliberate);
    EXPECT_THROW(tx.exec("SELECT 1"), TransactionManagementError);
  }),
               TransactionManagementError);
  expect_paid({});
}

TEST_P(FailedStatement, ForbidsSavepointsUntilItIsHealed) {
  database.atomic([&](Transaction& tx) {
    const auto savepoint = tx.savepoint();
    fail_and_swallow(tx);
    EXPECT_THROW(tx.savepoint(), TransactionManagementError);
    EXPECT_THROW(tx.savepoint_commit(savepoint), TransactionManagementError);
    tx.savepoint_rollback(savepoint);
    tx.savepoint_commit(tx.savepoint());
  });
}

TEST_P(FailedStatement, LetsTheBodysOwnExceptionGoOnRatherThanItsOwn) {
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    fail_and_swallow(tx);
    throw Deliberate{};
  }),
               Deliberate);
  expect_paid({});
}

TEST_P(FailedStatement, LeavesNothingBehindForTheNextBlock) {  // P1
  EXPECT_THROW(database.atomic([&](Transaction& tx) { fail_and_swallow(tx); }), TransactionManagementError);
  database.atomic([&] { pay(1); });
  expect_paid({1});
}

class DeferredConstraint : public support::Payments, public ::testing::Test {
 protected:
  DeferredConstraint() {
    outside("CREATE TABLE refund (payment bigint REFERENCES payment DEFERRABLE INITIALLY DEFERRED)");
  }
};

TEST_F(DeferredConstraint, ThatFailsInCommitRollsBackAndReachesTheCallerAsItsOwnType) {  // P1
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    database.exec("INSERT INTO refund VALUES (2)");
  }),
               pqxx::foreign_key_violation);
  expect_paid({});
  database.atomic([&] { pay(3); });
  expect_paid({3});
}

TEST_F(DeferredConstraint, CheckedEarlyInsideASavepointDropsThatSavepointAlone) {  // P1
  database.atomic([&] {
    pay(1);
    EXPECT_THROW(database.atomic([&] {
      pay(2);
      database.exec("INSERT INTO refund VALUES (7)");
      database.exec("SET CONSTRAINTS ALL IMMEDIATE");
    }),
                 pqxx::foreign_key_violation);
  });
  expect_paid({1});
}

}  // namespace
}  // namespace aftercommit
