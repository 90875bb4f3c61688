/// App::cancel: with the transaction of the caller, jobs of that very transaction included.
#include "aftercommit/cancel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "client/job_table/cancellations.hpp"
#include "client/statements/sql_template.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Cancel : public support::Payments, public ::testing::Test {
 protected:
  std::size_t rows_of(const std::string& table) {
    return outside(detail::in_schema("SELECT FROM {schema}." + table, schema().name())).size();
  }
  /// What is kept of all that were cancelled, the newest first.
  std::vector<std::string> kept() {
    std::vector<std::string> all;
    for (const auto& row : detail::list_cancelled(database, 10))
      all.push_back(row.id.str() + " " + row.state + " " + row.task.value_or("-") + " " + row.note);
    return all;
  }
};

TEST_F(Cancel, TakesEffectWithTheCommitOfTheBlockAroundIt) {
  const auto job = receipt.delay(1);
  EXPECT_THROW(database.atomic([&] {
    EXPECT_EQ(app.cancel(job), Cancelled::kWaiting);
    throw support::Deliberate{};
  }),
               support::Deliberate);
  EXPECT_EQ(rows_of("job"), 1U);
  database.atomic([&] {
    EXPECT_EQ(app.cancel(job, {.note = "it's off"}), Cancelled::kWaiting);
    EXPECT_EQ(rows_of("job"), 1U) << "before the commit";
  });
  EXPECT_EQ(rows_of("job"), 0U);
  EXPECT_EQ(kept(), std::vector{job.str() + " waiting receipt it's off"});
  EXPECT_EQ(app.cancel(job), Cancelled::kCancelledBefore);
}

TEST_F(Cancel, OutsideOfABlockTakesEffectAtOnce) {
  EXPECT_EQ(app.cancel(receipt.apply_async({.countdown = 1h}, 1)), Cancelled::kDelayed);
  EXPECT_EQ(rows_of("job"), 0U);
}

class CancelInItsOwnBlock : public Cancel, public ::testing::WithParamInterface<Delivery> {};

INSTANTIATE_TEST_SUITE_P(Of, CancelInItsOwnBlock, ::testing::Values(Delivery::kDurable, Delivery::kOnCommit));

TEST_P(CancelInItsOwnBlock, LeavesNothingOfTheJob) {
  const auto ask = [&](long id) { return receipt.apply_async({.delivery = GetParam()}, id); };
  database.atomic([&] {
    ask(1);
    const auto job = ask(2);
    EXPECT_EQ(app.cancel(job, {.note = "no"}), Cancelled::kWaiting);
    EXPECT_EQ(app.cancel(job), Cancelled::kCancelledBefore);
  });
  EXPECT_EQ(rows_of("job"), GetParam() == Delivery::kDurable ? 1U : 0U);
  EXPECT_TRUE(eventually([&] { return jobs() == std::vector<long>{1}; }));
  EXPECT_THAT(kept(), ::testing::ElementsAre(HasSubstr(" waiting receipt no")));
}

TEST_P(CancelInItsOwnBlock, IsTakenBackWithASavepoint) {
  database.atomic([&] {
    const auto job = receipt.apply_async({.delivery = GetParam()}, 1L);
    EXPECT_THROW(database.atomic([&] {
      EXPECT_EQ(app.cancel(job), Cancelled::kWaiting);
      throw support::Deliberate{};
    }),
                 support::Deliberate);
  });
  EXPECT_TRUE(eventually([&] { return jobs() == std::vector<long>{1}; }));
  EXPECT_TRUE(kept().empty());
}

TEST_F(Cancel, SaysWhatToDoWhereTheTablesAreTooOld) {
  const auto job = receipt.delay(1);
  outside(detail::in_schema("DROP FUNCTION {schema}.cancel(uuid, text)", schema().name()));
  EXPECT_THAT(message_of<ConfigError>([&] { app.cancel(job); }),
              AllOf(HasSubstr("cannot cancel job " + job.str()), HasSubstr("version 3"),
                    HasSubstr("run `aftercommit migrate ")));
}

TEST(CancelWithoutADatabase, IsRefused) {
  const auto url = support::database_url();
  ::unsetenv("DATABASE_URL");
  const App app{"shop", {.redis_url = "memory://cancel"}};
  EXPECT_THAT(message_of<UsageError>([&] { app.cancel(JobId::generate()); }),
              AllOf(HasSubstr("app 'shop' has no database"), HasSubstr("set DATABASE_URL")));
  ::setenv("DATABASE_URL", url.c_str(), 1);
}

}  // namespace
}  // namespace aftercommit
