/// The promise itself, for every way to ask for a job: it exists if, and only if, the transaction commits.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;
using Ids = std::vector<long>;

/// One way to ask for a job in the open transaction.
struct EntryPoint {
  const char* name;
  void (*enqueue)(const Task<long>& task, const Task<long>& on_default, Transaction& transaction, long id);

  friend void PrintTo(const EntryPoint& entry_point, std::ostream* out) { *out << entry_point.name; }
};

const EntryPoint kEntryPoints[] = {
    {"Delay", [](const auto& task, const auto&, auto&, long id) { task.delay(id); }},
    {"ApplyAsync",
     [](const auto& task, const auto&, auto&, long id) { task.apply_async({.max_retries = 3}, id); }},
    {"DelayMany", [](const auto& task, const auto&, auto&, long id) { task.delay_many({{id}}); }},
    {"ApplyAsyncMany", [](const auto& task, const auto&, auto&,
                          long id) { task.apply_async_many({.max_retries = 3}, {{id}}); }},
    {"GivenTheTransaction",
     [](const auto& task, const auto&, auto& tx, long id) { task.apply_async({.transaction = &tx}, id); }},
    {"ManyGivenTheTransaction", [](const auto& task, const auto&, auto& tx,
                                   long id) { task.apply_async_many({.transaction = &tx}, {{id}}); }},
    {"GivenTheAlias",
     [](const auto& task, const auto&, auto&, long id) { task.apply_async({.database = "default"}, id); }},
    {"DeclaredWithTheAlias",
     [](const auto&, const auto& on_default, auto&, long id) { on_default.delay(id); }},
};

AppOptions with_broker(const std::string& broker) {
  return {.redis_url = broker == "Redis" ? support::fresh_redis_url() : ""};
}

using Param = std::tuple<std::string, EntryPoint>;

class AskedForBy : public support::Payments, public ::testing::TestWithParam<Param> {
 protected:
  AskedForBy() : Payments{with_broker(std::get<0>(GetParam())), support::JobTables::kOldest} {}

  /// One row, and one job by the entry point under test.
  void buy(long id) {
    database.exec("INSERT INTO payment VALUES ($1)", id);
    std::get<1>(GetParam()).enqueue(receipt, on_default_, database.transaction(), id);
  }

  /// P1: rows committed and jobs delivered are the same set.
  void expect_bought(const Ids& ids) {
    EXPECT_EQ(committed_rows(), ids);
    support::eventually([&] { return jobs() == ids; });  // a durable one is sent without waiting
    EXPECT_EQ(jobs(), ids);
  }

 private:
  Task<long> on_default_ = app.task<long>("on_default", {.database = "default"});
};

INSTANTIATE_TEST_SUITE_P(EveryWay, AskedForBy,
                         ::testing::Combine(::testing::Values("Memory", "Redis"),
                                            ::testing::ValuesIn(kEntryPoints)),
                         [](const auto& way) {
                           return std::get<0>(way.param) + std::get<1>(way.param).name;
                         });

TEST_P(AskedForBy, ItIsSentAfterTheCommitAndNotBefore) {  // P1, P2
  database.atomic([&] {
    buy(1);
    buy(2);
    expect_bought({});
  });
  expect_bought({1, 2});
}

TEST_P(AskedForBy, ItNeverExistedIfTheBlockRollsBack) {  // P1
  EXPECT_THROW(database.atomic([&] {
    buy(1);
    throw Deliberate{};
  }),
               Deliberate);
  database.atomic([&](Transaction& tx) {
    buy(2);
    tx.set_rollback(true);
  });
  expect_bought({});
}

TEST_P(AskedForBy, ItNeverExistedIfTheSavepointAroundItRollsBack) {  // P1
  database.atomic([&](Transaction& tx) {
    buy(1);
    EXPECT_THROW(database.atomic([&] {
      buy(2);
      database.atomic([&] { buy(3); });
      throw Deliberate{};
    }),
                 Deliberate);
    const auto savepoint = tx.savepoint();
    buy(4);
    tx.savepoint_rollback(savepoint);
    buy(5);
  });
  expect_bought({1, 5});
}

TEST_P(AskedForBy, ItIsKeptWhenTheSavepointAroundItIsReleased) {  // P1
  database.atomic([&](Transaction& tx) {
    database.atomic([&] { buy(1); });
    const auto savepoint = tx.savepoint();
    buy(2);
    tx.savepoint_commit(savepoint);
    expect_bought({});
  });
  expect_bought({1, 2});
}

TEST_P(AskedForBy, ItNeverExistedIfADatabaseErrorIsSwallowed) {  // P1
  EXPECT_THROW(database.atomic([&] {
    buy(1);
    EXPECT_THROW(buy(1), pqxx::unique_violation);
  }),
               TransactionManagementError);
  expect_bought({});
}

TEST_P(AskedForBy, ItNeverExistedIfTheCommitItselfFails) {  // P1
  outside("CREATE TABLE refund (payment bigint REFERENCES payment DEFERRABLE INITIALLY DEFERRED)");
  EXPECT_THROW(database.atomic([&] {
    buy(1);
    database.exec("INSERT INTO refund VALUES (7)");
  }),
               pqxx::foreign_key_violation);
  expect_bought({});
}

class Enqueueing : public support::Payments, public ::testing::Test {};

TEST_F(Enqueueing, OutsideAnyBlockSendsAtOnce) {
  receipt.delay(1);
  EXPECT_EQ(jobs(), (Ids{1}));
  receipt.delay_many({{2}, {3}});
  EXPECT_EQ(jobs(), (Ids{1, 2, 3}));
}

TEST_F(Enqueueing, InAHookSendsAtOnceSinceTheTransactionIsOver) {
  database.atomic([&] {
    database.on_commit([&] {
      receipt.delay(1);
      EXPECT_EQ(jobs(), (Ids{1}));
    });
  });
}

TEST_F(Enqueueing, FromAnotherThreadThanThatOfTheBlockSendsAtOnce) {
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    std::jthread{[&] { receipt.delay(2); }}.join();
    EXPECT_EQ(jobs(), (Ids{2}));
    throw Deliberate{};
  }),
               Deliberate);
  EXPECT_EQ(jobs(), (Ids{2}));
}

TEST_F(Enqueueing, ByImmediateDeliveryIgnoresTheTransaction) {
  EXPECT_THROW(database.atomic([&] {
    receipt.apply_async({.delivery = Delivery::kImmediate}, 1);
    EXPECT_EQ(jobs(), (Ids{1}));
    throw Deliberate{};
  }),
               Deliberate);
  EXPECT_EQ(jobs(), (Ids{1}));
}

TEST_F(Enqueueing, TakesTheDeliveryOfTheCallBeforeThatOfTheTaskBeforeThatOfTheApp) {
  App eager{"eager",
            {.redis_url = app.options().redis_url,
             .databases = app.options().databases,
             .delivery = Delivery::kImmediate}};
  const auto by_app = eager.task<long>("by_app");
  const auto by_task = eager.task<long>("by_task", {.delivery = Delivery::kOnCommit});
  eager.database().atomic([&] {
    by_app.delay(1);
    by_task.delay(2);
    by_task.apply_async({.delivery = Delivery::kImmediate}, 3);
    EXPECT_EQ(jobs(), (Ids{1, 3}));
  });
  EXPECT_EQ(jobs(), (Ids{1, 2, 3}));
}

TEST_F(Enqueueing, InAGivenTransactionWaitsForItWhateverTheTaskSays) {  // P1
  const auto eager = app.task<long>("eager", {.delivery = Delivery::kImmediate});
  database.atomic([&](Transaction& tx) {
    eager.apply_async({.transaction = &tx}, 1);
    EXPECT_EQ(jobs(), Ids{});
    EXPECT_THROW(eager.apply_async({.delivery = Delivery::kImmediate, .transaction = &tx}, 2), UsageError);
  });
  EXPECT_EQ(jobs(), (Ids{1}));
}

TEST_F(Enqueueing, InAGivenTransactionOfAnotherThreadIsAnErrorAndNeverJoinsThisThreadsOwn) {  // P1
  database.atomic([&](Transaction& tx) {
    std::jthread{[&] {
      EXPECT_THROW(receipt.apply_async({.transaction = &tx}, 1), UsageError);
      database.atomic([&] { EXPECT_THROW(receipt.apply_async({.transaction = &tx}, 2), UsageError); });
    }}.join();
  });
  EXPECT_EQ(jobs(), Ids{});
}

TEST_F(Enqueueing, InAGivenTransactionThatIsOverIsAnError) {
  Transaction* left = nullptr;
  database.atomic([&](Transaction& tx) { left = &tx; });
  EXPECT_THROW(receipt.apply_async({.transaction = left}, 1), UsageError);
  EXPECT_EQ(jobs(), Ids{});
}

TEST_F(Enqueueing, InManualModeOutsideABlockIsAnErrorUnlessItIsImmediate) {
  database.set_autocommit(false);
  EXPECT_THROW(receipt.delay(1), TransactionManagementError);
  EXPECT_THROW(receipt.delay_many({{1}}), TransactionManagementError);
  receipt.apply_async({.delivery = Delivery::kImmediate}, 2);
  database.set_autocommit(true);
  EXPECT_EQ(jobs(), (Ids{2}));
}

TEST_F(Enqueueing, GivesAnIdAtOnceThatCanBeStoredInTheSameTransaction) {  // P1
  database.exec("CREATE TABLE sent (job uuid)");
  const JobId id = database.atomic([&](Transaction& tx) {
    const auto job = receipt.delay(1);
    tx.exec("INSERT INTO sent VALUES ($1)", job);
    return job;
  });
  const auto arrived = take_arrived();
  ASSERT_EQ(arrived.size(), 1U);
  EXPECT_EQ(arrived[0].id, id);
  EXPECT_EQ(outside("SELECT job FROM sent")[0][0].c_str(), id.str());
}

TEST_F(Enqueueing, ManySendsAllJobsInTheirOrderWithTheIdsItGave) {
  std::vector<JobId> ids;
  database.atomic([&] {
    ids = receipt.delay_many({{1}, {2}, {3}});
    ids.push_back(receipt.delay(4));
    EXPECT_TRUE(receipt.delay_many({}).empty());
  });
  std::vector<JobId> arrived;
  Ids args;
  for (const auto& job : take_arrived()) {
    arrived.push_back(job.id);
    args.push_back(job.args[0]);
  }
  EXPECT_EQ(arrived, ids);
  EXPECT_TRUE(std::ranges::is_sorted(ids, std::ranges::less_equal{}))
      << "an id sorts by the time of its call";
  EXPECT_EQ(args, (Ids{1, 2, 3, 4}));
}

}  // namespace
}  // namespace aftercommit
