/// The transaction around a test, and what waits in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "aftercommit/testing/gtest.hpp"
#include "support/fixtures/tested_shop.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TestTransaction : public support::TestedShop, public ::testing::Test {
 protected:
  /// As an application's code does.
  void pay_for(long id) {
    database.atomic([&](Transaction& transaction) {
      transaction.exec("INSERT INTO paid VALUES ($1)", id);
      transaction.on_commit([this, id] { hooked.push_back(id); });
      receipt.delay(id);
    });
  }

  std::vector<long> hooked;
};

TEST_F(TestTransaction, TakesBackWhatTheCodeHasCommitted) {
  {
    const testing::RolledBackTransaction transaction{app};
    pay_for(1);
    EXPECT_EQ(count("paid"), 1U);
    EXPECT_EQ(committed("paid"), 0U);
    EXPECT_ENQUEUED(receipt, 1);
  }
  EXPECT_EQ(count("paid"), 0U);
  EXPECT_TRUE(hooked.empty());
  EXPECT_NOT_ENQUEUED(receipt);
}

TEST_F(TestTransaction, LetsTheOutermostBlocksOfTheCodeBeAsInProduction) {
  const testing::RolledBackTransaction transaction{app};
  database.atomic({.durable = true, .isolation = Isolation::kSerializable}, [&] {
    pay_for(1);
    EXPECT_THROW(database.atomic({.durable = true}, [] {}), UsageError);
  });
  const auto fails = [&] {
    database.atomic({.savepoint = false}, [&] {
      pay_for(2);
      throw std::runtime_error{"no"};
    });
  };
  EXPECT_THROW(fails(), std::runtime_error);
  EXPECT_EQ(count("paid"), 1U);
  EXPECT_ENQUEUED(receipt, 1);
  EXPECT_NOT_ENQUEUED(receipt, 2);
  EXPECT_THROW(database.set_autocommit(false), TransactionManagementError);
}

TEST_F(TestTransaction, IsWhereJobsAreSeenWithTheirArgumentsAndOptions) {
  const testing::RolledBackTransaction transaction{app};
  receipt.apply_async({.countdown = 1min, .headers = {{"tenant", "blue"}}}, 7);
  const auto jobs = testing::enqueued(receipt);
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].args, std::tuple{7L});
  EXPECT_EQ(jobs[0].queue, "mail");
  EXPECT_EQ(jobs[0].due_in, 1min);
  EXPECT_EQ(jobs[0].headers.get("tenant"), "blue");
  EXPECT_TRUE(jobs[0].durable);
  EXPECT_THAT(testing::is_enqueued(receipt, 8).message(),
              AllOf(HasSubstr("no job of task 'receipt' with the arguments [8]"),
                    HasSubstr("there is [7] in queue 'mail', due in 60000 ms")));
}

TEST_F(TestTransaction, KeepsJobsWithTheBlockOfTheCodeWhereThereAreTwoDatabases) {
  App two{"two",
          {.redis_url = "memory://" + support::unique_name("two"),
           .databases = {{"default", {.url = schema.url(), .schema = schema.name()}},
                         {"reports", {.url = schema.url(), .schema = schema.name()}}}}};
  const auto task = two.task<long>("work");
  const testing::RolledBackTransaction transaction{two};
  two.database("reports").atomic([&] { task.delay(1); });
  task.delay(2);
  two.database("reports").atomic([&] {
    task.delay(3);
    two.database("reports").set_rollback(true);
  });
  EXPECT_ENQUEUED(task, 1);
  EXPECT_ENQUEUED(task, 2);
  EXPECT_NOT_ENQUEUED(task, 3);
}

TEST_F(TestTransaction, GivesWhatWaitsForACommitButNothingOfRolledBackSavepoints) {
  const testing::RolledBackTransaction transaction{app};
  pay_for(1);  // before
  const auto captured = testing::capture_on_commit(app, [&] {
    database.atomic([&] {
      pay_for(2);
      const auto savepoint = database.savepoint();
      pay_for(3);
      database.savepoint_rollback(savepoint);
    });
  });
  ASSERT_EQ(captured.hooks.size(), 1U);
  captured.hooks[0]();
  EXPECT_EQ(hooked, std::vector<long>{2});
  ASSERT_EQ(captured.jobs.size(), 1U);
  EXPECT_EQ(captured.jobs[0].json, nlohmann::json::array({2}));
  EXPECT_ENQUEUED(receipt, 2) << "it waits on";
}

TEST_F(TestTransaction, DoesWhatWaitsAndWhatThatAsksFor) {
  {
    const testing::RolledBackTransaction transaction{app};
    const auto captured = testing::capture_on_commit(app,
                                                     [&] {
                                                       database.atomic([&] {
                                                         database.on_commit([&] {
                                                           hooked.push_back(1);
                                                           pay_for(5);  // another hook, and a job
                                                         });
                                                         pay.delay(6);  // which asks for a receipt
                                                       });
                                                     },
                                                     {.execute = true});
    EXPECT_EQ(hooked, (std::vector<long>{1, 5}));
    EXPECT_EQ(captured.hooks.size(), 2U);
    EXPECT_EQ(captured.jobs.size(), 3U);
    EXPECT_EQ(captured.runs.size(), 3U);
    for (const auto& run : captured.runs) EXPECT_TRUE(run.done()) << run.text();
    EXPECT_EQ(count("paid"), 2U);
    EXPECT_EQ(count("sent"), 2U);
    EXPECT_NOT_ENQUEUED(pay);
    EXPECT_EQ(testing::drain(app).size(), 0U);
  }
  EXPECT_EQ(committed("paid"), 0U);
  EXPECT_EQ(committed("sent"), 0U);
}

TEST_F(TestTransaction, RunsJobsInSavepointsOfItsOwn) {
  const testing::RolledBackTransaction transaction{app};
  receipt.delay(100);
  auto runs = testing::drain(app);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].ended, testing::Ended::kRetried);
  EXPECT_EQ(count("sent"), 0U);
  runs = testing::advance(app, clock, 20s);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_TRUE(runs[1].done()) << runs[1].text();
  EXPECT_EQ(count("sent"), 1U);
  EXPECT_EQ(database.exec("SELECT FROM " + schema.name() + ".job").size(), 0U);
}

TEST_F(TestTransaction, TellsOfDeferredConstraints) {
  outside.exec("CREATE TABLE orders (id bigint PRIMARY KEY)");
  outside.exec("CREATE TABLE item (of_order bigint REFERENCES orders DEFERRABLE INITIALLY DEFERRED)");
  testing::RolledBackTransaction transaction{app};
  EXPECT_NO_THROW(transaction.check_constraints());
  database.atomic([&] { database.exec("INSERT INTO item VALUES (1)"); });
  EXPECT_THROW(transaction.check_constraints(), pqxx::foreign_key_violation);
}

TEST_F(TestTransaction, IsRefusedWhereItCouldNotHold) {
  App elsewhere{"elsewhere", {.redis_url = "redis://127.0.0.1:1"}};
  EXPECT_THAT([&] { testing::RolledBackTransaction{elsewhere}; },
              ::testing::ThrowsMessage<UsageError>(HasSubstr("memory://test")));
  EXPECT_THROW(testing::capture_on_commit(app, [] {}), UsageError);
  database.atomic([&] {
    EXPECT_THROW(testing::RolledBackTransaction{app}, UsageError);
    EXPECT_THROW(testing::drain(app), UsageError);
  });
}

}  // namespace
}  // namespace aftercommit
