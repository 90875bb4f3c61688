/// What a call can say about its job, what the job then carries, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "aftercommit/testing.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using support::eventually;
using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class EnqueueOptions : public support::Payments, public ::testing::Test {
 protected:
  explicit EnqueueOptions(const Clock* clock = nullptr) : Payments{{.clock = clock}} {}

  /// How long the broker will keep the first delayed job.
  milliseconds due_in() {
    const std::vector<std::string> queues{"default"};
    return make_broker(app.options().redis_url)->promote(queues, 10).next_due.value_or(0ms);
  }
  Envelope only_arrived(const std::string& queue = "default") {
    const auto arrived = take_arrived({queue});
    EXPECT_EQ(arrived.size(), 1U);
    return arrived.empty() ? Envelope{.id = JobId::generate()} : arrived.front();
  }
};

TEST_F(EnqueueOptions, CountdownDelaysTheJob) {
  receipt.apply_async({.countdown = 10s}, 1);
  EXPECT_TRUE(jobs().empty());
  const auto due = due_in();
  EXPECT_GT(due, 9s);
  EXPECT_LE(due, 10s);
}

TEST_F(EnqueueOptions, CountdownRunsFromTheCallAndNotFromTheCommit) {
  database.atomic([&] {
    receipt.apply_async({.countdown = 10s}, 1);
    const auto asked = std::chrono::steady_clock::now();
    ASSERT_TRUE(eventually([&] { return std::chrono::steady_clock::now() - asked >= 100ms; }));
  });
  const auto due = due_in();
  EXPECT_GT(due, 9s);
  EXPECT_LE(due, 9900ms);
}

TEST_F(EnqueueOptions, CountdownThatRanOutBeforeTheCommitIsDueAtOnce) {
  const auto asked = std::chrono::steady_clock::now();
  database.atomic([&] {
    receipt.apply_async({.countdown = 10ms}, 1);
    ASSERT_TRUE(eventually([&] { return std::chrono::steady_clock::now() - asked >= 20ms; }));
  });
  EXPECT_EQ(jobs(), (std::vector<long>{1}));
}

TEST_F(EnqueueOptions, EtaDelaysTheJobUntilThatInstant) {
  receipt.apply_async({.eta = std::chrono::system_clock::now() + 1h}, 1);
  EXPECT_TRUE(jobs().empty());
  const auto due = due_in();
  EXPECT_GT(due, 59min);
  EXPECT_LE(due, 1h);
}

TEST_F(EnqueueOptions, EtaInThePastIsDueAtOnce) {
  receipt.apply_async({.eta = std::chrono::system_clock::now() - 1h}, 1);
  EXPECT_EQ(due_in(), 0ms);
  EXPECT_EQ(jobs(), (std::vector<long>{1}));
}

TEST_F(EnqueueOptions, DoNotMatterToAnArgumentThatDoesNotFit) {
  const auto tiny = app.task<std::string, short>("tiny");
  const auto expected = "is 70000, and its type takes -32768 to 32767";
  EXPECT_EQ(message_of<UsageError>([&] { tiny.delay("x", 70000); }),
            std::string{"cannot enqueue task 'tiny': argument 2 "} + expected);
  EXPECT_EQ(message_of<UsageError>([&] { tiny.apply_async({.countdown = 1s}, "x", 70000); }),
            std::string{"cannot enqueue task 'tiny': argument 2 "} + expected);
  EXPECT_EQ(message_of<UsageError>([&] {
              tiny.delay_many({{"x", 1}, {"y", 70000}, {"z", 1}});
            }),
            std::string{"cannot enqueue task 'tiny': argument 2 of call 2 "} + expected);
  EXPECT_TRUE(take_arrived().empty()) << "all or none";
}

TEST_F(EnqueueOptions, OfExtremeTimesAreClampedAndNeverTurnRound) {
  for (const auto delivery : {Delivery::kDurable, Delivery::kOnCommit, Delivery::kImmediate}) {
    for (const auto none : {milliseconds::min(), milliseconds::min() + 1ms, -1ms}) {
      receipt.apply_async({.countdown = none, .delivery = delivery}, 1);
      database.atomic([&] { receipt.apply_async({.countdown = none, .delivery = delivery}, 1); });
      EXPECT_EQ(take_arrived().size(), 2U) << none.count();
      receipt.apply_async({.expires = none, .delivery = delivery}, 1);
      const auto expiring = only_arrived();
      EXPECT_LE(expiring.expires_at.value(), std::chrono::system_clock::now());
      EXPECT_GE(expiring.expires_at.value(), expiring.enqueued_at);
    }
    receipt.apply_async({.eta = std::chrono::system_clock::time_point::min(), .delivery = delivery}, 1);
    EXPECT_EQ(due_in(), 0ms);
    EXPECT_EQ(take_arrived().size(), 1U);
    receipt.apply_async({.expires = milliseconds::max(), .delivery = delivery}, 1);
    EXPECT_GT(only_arrived().expires_at.value(), std::chrono::system_clock::now() + std::chrono::years{90});
  }
  EXPECT_EQ(due_in(), 0ms);
  for (const auto delivery : {Delivery::kDurable, Delivery::kOnCommit, Delivery::kImmediate}) {
    receipt.apply_async({.countdown = milliseconds::max(), .delivery = delivery}, 2);
    receipt.apply_async({.eta = std::chrono::system_clock::time_point::max(), .delivery = delivery}, 2);
  }
  EXPECT_TRUE(take_arrived().empty());
  EXPECT_GT(due_in(), std::chrono::years{200});
  EXPECT_EQ(outside("SELECT count(*) FROM " + schema().name() +
                    ".job WHERE due_at > now() + interval '200 years'")[0][0]
                .as<int>(),
            2);
}

TEST_F(EnqueueOptions, CountdownAndEtaTogetherAreAnError) {
  EXPECT_THAT(message_of<UsageError>([&] {
                receipt.apply_async({.countdown = 1s, .eta = std::chrono::system_clock::now()}, 1);
              }),
              HasSubstr("a countdown or an eta, not both"));
}

TEST_F(EnqueueOptions, QueueOfTheTaskIsReplacedByThatOfTheCall) {
  const auto mail = app.task<long>("mail", {.queue = "mail"});
  mail.delay(1);
  mail.apply_async({.queue = "slow"}, 2);
  EXPECT_EQ(only_arrived("mail").queue, "mail");
  EXPECT_EQ(only_arrived("slow").queue, "slow");
}

TEST_F(EnqueueOptions, QueueThatIsNoNameIsAnErrorWhereverItIsGiven) {
  for (const std::string bad : {"", "two words", "a:b", "ä", "{x}", "line\n"}) {
    EXPECT_THROW(receipt.apply_async({.queue = bad}, 1), UsageError) << bad;
    EXPECT_THROW(app.task<long>("other", {.queue = bad}), UsageError) << bad;
  }
  EXPECT_THROW(receipt.apply_async({.queue = std::string(65, 'q')}, 1), UsageError);
  EXPECT_THAT(message_of<UsageError>([&] { receipt.apply_async({.queue = "two words"}, 1); }),
              AllOf(HasSubstr("task 'receipt'"), HasSubstr("queue 'two words'"), HasSubstr("1 to 64 of")));
  EXPECT_TRUE(jobs().empty());
}

TEST_F(EnqueueOptions, TaskNameThatIsNoNameOrTakenIsAnError) {
  for (const std::string bad : {"", "two words", "a/b", "ä"})
    EXPECT_THROW(app.task<>(bad), UsageError) << bad;
  EXPECT_THROW(app.task<>(std::string(65, 't')), UsageError);
  EXPECT_THAT(message_of<UsageError>([&] { app.task<long>("receipt"); }), HasSubstr("declared twice"));
  EXPECT_NO_THROW(app.task<>(std::string(64, 't')));
  EXPECT_NO_THROW(app.task<>("Az09_.-"));
}

TEST_F(EnqueueOptions, JobCarriesItsTaskItsArgumentsAndWhatTheCallSays) {
  const auto task = app.task<long, std::string>("greet");
  const auto id = task.apply_async({.max_retries = 3, .backoff = fixed(5s), .database = "default"}, 7, "Ann");
  const auto job = only_arrived();
  EXPECT_EQ(job.id, id);
  EXPECT_EQ(job.task, "greet");
  EXPECT_EQ(job.args, nlohmann::json::parse(R"([7,"Ann"])"));
  EXPECT_EQ(job.attempt, 1);
  EXPECT_EQ(job.max_retries, 3);
  EXPECT_EQ(job.backoff, fixed(5s));
  EXPECT_EQ(job.expires_at, std::nullopt);
  EXPECT_TRUE(job.errors.empty());
}

TEST_F(EnqueueOptions, JobLeavesOutWhatTheWorkersOwnDeclarationOfTheTaskDecides) {
  const auto task = app.task<long>("patient", {.max_retries = 100, .backoff = fixed(1h)});
  task.delay(1);
  const auto job = only_arrived();
  EXPECT_EQ(job.max_retries, std::nullopt);
  EXPECT_EQ(job.backoff, std::nullopt);
  EXPECT_EQ(job.database, "");
}

TEST_F(EnqueueOptions, ManyJobsShareTheOptionsOfTheirCall) {
  receipt.apply_async_many({.queue = "slow", .max_retries = 3}, {{1}, {2}});
  const auto arrived = take_arrived({"slow"});
  ASSERT_EQ(arrived.size(), 2U);
  for (const auto& job : arrived) EXPECT_EQ(job.max_retries, 3);
}

struct StoppedClock {
  testing::ManualClock clock_;
};

/// The clock stands still, so that times can be compared exactly.
class EnqueueTimes : protected StoppedClock, public EnqueueOptions {
 protected:
  EnqueueTimes() : EnqueueOptions{&clock_} {}
};

TEST_F(EnqueueTimes, JobSaysWhenItWasAskedForAndWhenItExpires) {
  receipt.apply_async({.expires = 90s}, 1);
  const auto job = only_arrived();
  EXPECT_EQ(job.enqueued_at, clock_.now());
  EXPECT_EQ(job.expires_at, clock_.now() + 90s);
}

TEST_F(EnqueueTimes, ExpiryCountsFromTheCallAndNotFromTheCommit) {
  const auto asked_at = clock_.now();
  database.atomic([&] {
    receipt.apply_async({.expires = 90s}, 1);
    clock_.advance(60s);
  });
  const auto job = only_arrived();
  EXPECT_EQ(job.enqueued_at, asked_at);
  EXPECT_EQ(job.expires_at, asked_at + 90s);
}

TEST_F(EnqueueTimes, ExpiryOfTheTaskIsReplacedByThatOfTheCall) {
  const auto task = app.task<long>("brief", {.expires = 10s});
  task.delay(1);
  EXPECT_EQ(only_arrived().expires_at, clock_.now() + 10s);
  task.apply_async({.expires = 20s}, 2);
  EXPECT_EQ(only_arrived().expires_at, clock_.now() + 20s);
}

}  // namespace
}  // namespace aftercommit
