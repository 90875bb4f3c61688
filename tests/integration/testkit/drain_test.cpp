/// Jobs that a test runs: by hand, by the clock, and at each commit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "aftercommit/testing/gtest.hpp"
#include "support/fixtures/tested_shop.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::Ended;
using ::testing::HasSubstr;

class Draining : public support::TestedShop, public ::testing::Test {
 protected:
  Draining() {
    testing::migrate(app);
    testing::reset(app);
  }

  static std::vector<Ended> ends(const std::vector<testing::JobRun>& runs) {
    std::vector<Ended> all;
    for (const auto& run : runs) all.push_back(run.ended);
    return all;
  }
};

TEST_F(Draining, RunsWhatIsReadyAndWhatThatAsksForAndCommitsIt) {
  pay.delay(1);
  pay.apply_async({.delivery = Delivery::kOnCommit}, 2);
  receipt.apply_async({.countdown = 1h}, 3);
  const auto runs = testing::drain(app);
  EXPECT_THAT(ends(runs), ElementsAre(Ended::kDone, Ended::kDone, Ended::kDone, Ended::kDone));
  EXPECT_EQ(runs[0].task, "pay");
  EXPECT_EQ(runs[3].task, "receipt");
  EXPECT_EQ(committed("paid"), 2U);
  EXPECT_EQ(committed("sent"), 2U);
  EXPECT_ENQUEUED(receipt, 3);
  EXPECT_EQ(committed(schema.name() + ".job"), 1U);
}

TEST_F(Draining, MakesCountdownsAndBackoffsDueAsTheClockMoves) {
  receipt.apply_async({.countdown = 1h}, 100);
  EXPECT_EQ(testing::advance(app, clock, 59min).size(), 0U);
  const auto began = clock.now();
  const auto runs = testing::advance(app, clock, 10min);
  EXPECT_THAT(ends(runs), ElementsAre(Ended::kRetried, Ended::kRetried, Ended::kDone));
  EXPECT_EQ(runs[0].countdown, 10s);
  EXPECT_EQ(runs[0].error, "the mail server is down");
  EXPECT_EQ(runs[2].attempt, 3);
  EXPECT_EQ(clock.now() - began, 10min);
  EXPECT_EQ(committed("sent"), 1U) << "that of the attempt which took effect";
}

TEST_F(Draining, AsksForTheJobsOfPeriodicTasksAtTheirTicks) {
  std::vector<std::chrono::system_clock::time_point> ticks;
  const auto clean = app.task<>("clean");
  clean.run([&](Job& job) { ticks.push_back(job.tick().value()); });
  app.periodic("clean", every(1h), clean);
  testing::reset(app);
  const auto began = clock.now();
  EXPECT_EQ(testing::advance(app, clock, 3h).size(), 3U);
  ASSERT_EQ(ticks.size(), 3U);
  EXPECT_GT(ticks[0], began);
  EXPECT_EQ(ticks[2] - ticks[0], 2h);
}

TEST_F(Draining, RunsOneAttemptOfATaskByHand) {
  EXPECT_TRUE(testing::run_task(receipt, 1).done());
  EXPECT_EQ(committed("sent"), 1U);
  const auto failed = testing::run_task({.attempt = 2}, receipt, 100);
  EXPECT_EQ(failed.ended, Ended::kRetried);
  EXPECT_EQ(failed.attempt, 2);
  EXPECT_THROW(std::rethrow_exception(failed.thrown), std::runtime_error);
  EXPECT_EQ(committed("sent"), 1U);
  const auto dead = testing::run_task(pay, -1);
  EXPECT_EQ(dead.ended, Ended::kDead);
  EXPECT_EQ(dead.error_type, "std::out_of_range");
  EXPECT_TRUE(testing::enqueued(app).empty());
  EXPECT_THROW(testing::run_task(app.task<>("no_body")), UsageError);
}

TEST_F(Draining, CallsTheFailureHookInTheRunThatIsTheLast) {
  std::vector<std::string> causes;
  const auto gone = app.task<>("gone", {.max_retries = 1, .backoff = fixed(1s)});
  gone.run([] { throw std::runtime_error{"gone"}; });
  gone.on_failure([&](const FailedJob& failure) { causes.push_back(failure.cause); });
  gone.delay();
  EXPECT_THAT(ends(testing::advance(app, clock, 1min)), ElementsAre(Ended::kRetried, Ended::kDead));
  EXPECT_THAT(causes, ElementsAre("retries_exhausted"));
}

TEST_F(Draining, FindsTheJobsThatSqlHasAskedFor) {
  database.exec("SELECT " + schema.name() + ".enqueue('receipt', '[4]', queue => 'mail')");
  EXPECT_EQ(testing::drain(app).size(), 0U);
  EXPECT_THAT(ends(testing::drain(app, {.rows = true})), ElementsAre(Ended::kDone));
  EXPECT_EQ(committed("sent"), 1U);
}

TEST_F(Draining, TellsWhatAHookHasThrownThoughItsJobIsDone) {
  const auto hooked = app.task<>("hooked");
  hooked.run([](Job& job) { job.transaction().on_commit([] { throw std::runtime_error{"no paper"}; }); });
  const auto run = testing::run_task(hooked);
  EXPECT_TRUE(run.done());
  EXPECT_EQ(run.error, "no paper");
}

TEST(DrainingAtFirst, MakesTheTablesThatTheTicksOfPeriodicTasksAreRowsOf) {
  support::TestedShop shop;
  const auto clean = shop.app.task<>("clean");
  clean.run([] {});
  shop.app.periodic("clean", every(1h), clean);
  testing::reset(shop.app);
  EXPECT_EQ(testing::advance(shop.app, shop.clock, 1h).size(), 1U);
}

TEST_F(Draining, EndsWhereJobsDoNot) {
  const auto again = app.task<>("again");
  again.run([&] { again.delay(); });
  again.delay();
  EXPECT_THAT([&] { testing::drain(app, {.at_most = 5}); },
              ::testing::ThrowsMessage<Error>(HasSubstr("do not end: 6 have run")));
}

TEST_F(Draining, NeedsNoDatabaseForTasksWithoutOne) {
  testing::ManualClock own;
  const auto url = support::database_url();
  ::unsetenv("DATABASE_URL");
  App bare{"bare", {.redis_url = "memory://" + support::unique_name("bare"), .clock = &own}};
  ASSERT_TRUE(bare.database_aliases().empty());
  ::setenv("DATABASE_URL", url.c_str(), 1);
  int runs = 0;
  const auto count = bare.task<>("count", {.backoff = fixed(1s), .transactional = false});
  count.run([&] {
    if (++runs == 1) throw std::runtime_error{"once"};
  });
  bare.periodic("count", every(1h), count);
  testing::reset(bare);
  count.apply_async({.countdown = 5s});
  testing::advance(bare, own, 10s);
  EXPECT_EQ(runs, 2);
  testing::advance(bare, own, 1h);
  EXPECT_EQ(runs, 3);
}

TEST_F(Draining, AtEachCommitRunsJobsThenAndNeverAtTheCall) {
  const testing::Eager eager{app};
  database.atomic([&] {
    pay.delay(1);
    EXPECT_EQ(count("paid"), 0U);
  });
  EXPECT_EQ(committed("sent"), 1U);
  EXPECT_EQ(eager.runs().size(), 2U);
  const auto fails = [&] {
    database.atomic([&] {
      pay.delay(2);
      throw std::runtime_error{"no"};
    });
  };
  EXPECT_THROW(fails(), std::runtime_error);
  EXPECT_EQ(committed("paid"), 1U);
  receipt.delay(3);
  EXPECT_EQ(committed("sent"), 2U);
}

TEST_F(Draining, AtEachCommitGivesRetriesOrTheExceptionItself) {
  {
    const testing::Eager eager{app};
    EXPECT_NO_THROW(receipt.delay(100));
    EXPECT_THAT(ends(eager.runs()), ElementsAre(Ended::kRetried));
    testing::advance(app, clock, 1min);
    EXPECT_EQ(committed("sent"), 1U);
  }
  const testing::Eager eager{app, {.propagate = true}};
  EXPECT_THROW(database.atomic([&] { pay.delay(-1); }), std::out_of_range);
}

TEST_F(Draining, AtEachCommitWithinATestsTransactionIsTakenBackWithIt) {
  {
    const testing::RolledBackTransaction transaction{app};
    const testing::Eager eager{app};
    database.atomic([&] {
      pay.delay(1);
      EXPECT_EQ(count("paid"), 0U);
    });
    EXPECT_EQ(count("paid"), 1U);
    EXPECT_EQ(count("sent"), 1U);
    receipt.apply_async({.delivery = Delivery::kOnCommit}, 2);  // in no transaction of the code's
    EXPECT_EQ(count("sent"), 2U);
  }
  EXPECT_EQ(committed("paid"), 0U);
}

}  // namespace
}  // namespace aftercommit
