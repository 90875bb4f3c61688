/// How one block may differ: isolation level, read-only, durable, without savepoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class AtomicOption : public support::Payments, public ::testing::Test {
 protected:
  std::string show(const std::string& setting) {
    return database.exec("SHOW " + setting)[0][0].as<std::string>();
  }
};

TEST_F(AtomicOption, IsolationIsInForceInItsBlockAndOverAfterIt) {
  const auto level_in = [&](Isolation isolation) {
    return database.atomic({.isolation = isolation}, [&] { return show("transaction_isolation"); });
  };
  EXPECT_EQ(level_in(Isolation::kReadCommitted), "read committed");
  EXPECT_EQ(level_in(Isolation::kRepeatableRead), "repeatable read");
  EXPECT_EQ(level_in(Isolation::kSerializable), "serializable");
  EXPECT_EQ(level_in(Isolation::kDefault), "read committed");
}

TEST_F(AtomicOption, DefaultIsolationIsWhatTheServerSays) {
  Database strict{{.url = schema().url() + "&options=-cdefault_transaction_isolation%3Dserializable"}};
  EXPECT_EQ(strict.atomic([](Transaction& tx) {
    return tx.exec("SHOW transaction_isolation")[0][0].as<std::string>();
  }),
            "serializable");
}

TEST_F(AtomicOption, SerializableReallyRefusesWhatCannotBeSerial) {  // P1
  const auto count_and_pay = [&](long id, auto between) {
    database.atomic({.isolation = Isolation::kSerializable}, [&] {
      rows();
      between();
      pay(id);
    });
  };
  EXPECT_THROW(count_and_pay(1,
                             [&] {
                               outside(
                                   "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT * FROM payment; "
                                   "INSERT INTO payment VALUES (2); COMMIT");
                             }),
               pqxx::serialization_failure);
  EXPECT_EQ(committed_rows(), (std::vector<long>{2}));
  EXPECT_TRUE(jobs().empty());
  EXPECT_TRUE(hooks().empty());
}

TEST_F(AtomicOption, IsolationOnANestedBlockIsAnError) {
  database.atomic([&] {
    EXPECT_THAT(
        message_of<UsageError>([&] { database.atomic({.isolation = Isolation::kSerializable}, [] {}); }),
        HasSubstr("outermost atomic block only"));
    pay(1);
  });
  expect_paid({1});
}

TEST_F(AtomicOption, IsolationOnABlockInManualModeIsAnError) {
  database.set_autocommit(false);
  EXPECT_THROW(database.atomic({.isolation = Isolation::kSerializable}, [] {}), UsageError);
  database.set_autocommit(true);
}

TEST_F(AtomicOption, ReadOnlyRefusesWritesAndAllowsReads) {  // P1
  pay(1);
  EXPECT_THROW(database.atomic({.read_only = true},
                               [&] {
                                 EXPECT_EQ(rows(), (std::vector<long>{1}));
                                 pay(2);
                               }),
               pqxx::sql_error);
  database.atomic([&] { pay(3); });
  expect_paid({1, 3});
}

TEST_F(AtomicOption, ReadOnlyOnANestedBlockEndsWithIt) {  // P1
  database.atomic([&] {
    pay(1);
    database.atomic({.read_only = true}, [&] { EXPECT_EQ(show("transaction_read_only"), "on"); });
    EXPECT_EQ(show("transaction_read_only"), "off");
    EXPECT_THROW(database.atomic({.read_only = true}, [&] { pay(2); }), pqxx::sql_error);
    EXPECT_EQ(show("transaction_read_only"), "off");
    pay(3);
  });
  expect_paid({1, 3});
}

TEST_F(AtomicOption, ReadOnlyRefusesADurableJobAtTheCallNamingTheTask) {  // P1
  const auto refused = [&] {
    EXPECT_THAT(message_of<UsageError>([&] { receipt.apply_async({.delivery = Delivery::kDurable}, 1); }),
                AllOf(HasSubstr("cannot enqueue task '" + receipt.name() + "'"), HasSubstr("read-only")));
  };
  database.atomic({.read_only = true}, [&] {
    refused();
    database.atomic(refused);
    database.atomic({.savepoint = false}, refused);
  });
  database.atomic([&] {
    database.atomic({.read_only = true}, refused);
    pay(2);
  });
  expect_paid({2});
}

TEST_F(AtomicOption, ReadOnlyAllowsJobsThatAreNoRowsOfTheTransaction) {  // P1
  database.atomic({.read_only = true}, [&] {
    receipt.apply_async({.delivery = Delivery::kOnCommit}, 1);
    receipt.apply_async({.delivery = Delivery::kImmediate}, 2);
  });
  database.atomic([&] {
    database.atomic({.read_only = true}, [&] { receipt.apply_async({.delivery = Delivery::kOnCommit}, 3); });
  });
  EXPECT_EQ(jobs(), (std::vector<long>{1, 2, 3}));
}

TEST_F(AtomicOption, ReadOnlyOnANestedBlockWithoutASavepointIsAnError) {
  database.atomic([&] {
    EXPECT_THROW(database.atomic({.savepoint = false, .read_only = true}, [] {}), UsageError);
    pay(1);
  });
  expect_paid({1});
}

TEST_F(AtomicOption, DurableAllowsTheOutermostBlockAndNestedBlocksInIt) {
  database.atomic({.durable = true}, [&] { database.atomic([&] { pay(1); }); });
  expect_paid({1});
}

TEST_F(AtomicOption, DurableOnANestedBlockIsAnErrorThatSaysSo) {
  database.atomic([&] {
    EXPECT_THAT(
        message_of<UsageError>([&] { database.atomic({.durable = true}, [] { FAIL() << "must not run"; }); }),
        HasSubstr("a durable atomic block cannot be nested"));
    pay(1);
  });
  expect_paid({1});
}

TEST_F(AtomicOption, DurableOnADurableBlocksInsideIsAnErrorToo) {
  EXPECT_THROW(database.atomic({.durable = true}, [&] { database.atomic({.durable = true}, [] {}); }),
               UsageError);
}

TEST_F(AtomicOption, DurableBlocksMayFollowEachOther) {
  for (const long id : {1, 2}) database.atomic({.durable = true}, [&] { pay(id); });
  expect_paid({1, 2});
}

TEST_F(AtomicOption, WithoutSavepointOpensNone) {
  const auto own_row_id = [&](const AtomicOptions& options) {
    return database.atomic([&](Transaction& tx) {
      tx.exec("SELECT pg_current_xact_id()");
      // A row written in a savepoint carries the id of that savepoint, not of the transaction.
      return database.atomic(options, [&] {
        return tx
            .exec(
                "INSERT INTO payment VALUES (nextval('ids')) RETURNING xmin <> pg_current_xact_id()::xid")[0]
                                                                                                          [0]
            .as<bool>();
      });
    });
  };
  outside("CREATE SEQUENCE ids");
  EXPECT_TRUE(own_row_id({.savepoint = true}));
  EXPECT_FALSE(own_row_id({.savepoint = false}));
}

}  // namespace
}  // namespace aftercommit
