/// What a call says of its jobs, and which way they go: the two steps of enqueueing before the delivery.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "aftercommit/app.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/testing.hpp"
#include "client/app/app_core.hpp"
#include "client/app/job_description.hpp"
#include "client/app/route.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;

class EnqueueSteps : public ::testing::Test {
 protected:
  const detail::TaskEntry& task() { return *app.core().find_task("pay"); }

  testing::ManualClock clock;
  App app{"shop",  // nobody listens there, and nobody is asked
          {.redis_url = "redis://127.0.0.1:1/0",
           .databases = {{"default", {.url = "postgresql://127.0.0.1:1/shop"}},
                         {"orders", {.url = "postgresql://127.0.0.1:1/orders"}}},
           .clock = &clock}};
  const Task<long> pay = app.task<long>("pay", {.queue = "money", .expires = 1min});
};

TEST_F(EnqueueSteps, DescribeJobsByTheirCallElseByTheirTask) {
  const CallOptions options{.queue = "urgent", .max_retries = 3, .backoff = fixed(5s)};
  const auto job = detail::describe(task(), options, app.core()).pattern();
  EXPECT_EQ(job.task, "pay");
  EXPECT_EQ(job.queue, "urgent");
  EXPECT_EQ(job.max_retries, 3);
  EXPECT_EQ(job.backoff, fixed(5s));
  EXPECT_EQ(job.expires_at, job.enqueued_at + 1min);

  const CallOptions none;
  const auto plain = detail::describe(task(), none, app.core()).pattern();
  EXPECT_EQ(plain.queue, "money");
  EXPECT_FALSE(plain.max_retries || plain.backoff) << "a worker knows what the task says";
}

TEST_F(EnqueueSteps, DescribeJobsWithoutWhatTheirWayAdds) {
  const CallOptions options{.delivery = Delivery::kDurable, .database = "orders"};
  const auto job = detail::describe(task(), options, app.core()).pattern();
  EXPECT_FALSE(job.durable);
  EXPECT_EQ(job.database, "");
}

TEST_F(EnqueueSteps, RefuseACallThatIsWrongWhateverItsWay) {
  for (const auto delivery : {Delivery::kDurable, Delivery::kOnCommit, Delivery::kImmediate}) {
    const CallOptions twice{.countdown = 1s, .eta = clock.now(), .delivery = delivery};
    EXPECT_THROW(detail::describe(task(), twice, app.core()), UsageError);
    const CallOptions nowhere{.queue = "a b", .delivery = delivery};
    EXPECT_THROW(detail::describe(task(), nowhere, app.core()), UsageError);
  }
}

TEST_F(EnqueueSteps, FindForADurableJobOutsideATransactionTheTableOfItsDatabase) {
  const CallOptions none;
  const auto usual = detail::find_route(task(), none, app.core());
  EXPECT_TRUE(usual.durable);
  EXPECT_EQ(usual.transaction, nullptr);
  EXPECT_EQ(usual.home, &app.database());
  EXPECT_EQ(usual.database, "") << "a worker goes there by itself";

  const CallOptions options{.database = "orders"};
  const auto other = detail::find_route(task(), options, app.core());
  EXPECT_EQ(other.home, &app.database("orders"));
  EXPECT_EQ(other.database, "orders");
}

TEST_F(EnqueueSteps, FindForOtherJobsOutsideATransactionNoTable) {
  for (const auto delivery : {Delivery::kOnCommit, Delivery::kImmediate}) {
    const CallOptions options{.delivery = delivery, .database = "orders"};
    const auto route = detail::find_route(task(), options, app.core());
    EXPECT_FALSE(route.durable);
    EXPECT_EQ(route.transaction, nullptr);
    EXPECT_EQ(route.home, nullptr);
    EXPECT_EQ(route.database, "orders");
  }
}

TEST_F(EnqueueSteps, FindNoWayToADatabaseThatTheAppDoesNotHave) {
  for (const auto delivery : {Delivery::kDurable, Delivery::kOnCommit, Delivery::kImmediate}) {
    const CallOptions options{.delivery = delivery, .database = "elsewhere"};
    EXPECT_THROW(detail::find_route(task(), options, app.core()), ConfigError);
  }
}

}  // namespace
}  // namespace aftercommit
