/// What becomes of a job that has not taken effect, by its options and those of its task: by way of attempts
/// that need no server.
#include "worker/run/retry_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>
#include <variant>

#include "aftercommit/testing.hpp"
#include "worker/run/attempt.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Cause = DeadLetter::Cause;

class RetryRulesTest : public ::testing::Test {
 protected:
  RetryRulesTest() { lease.renewed(HeldLease::Clock::now(), true); }

  /// A task that needs no server, with the same body always.
  template <class Body>
  void declare(TaskOptions options, Body body) {
    options.transactional = false;
    task.emplace(app.task<>("work", std::move(options)));
    task->run(std::move(body));
  }
  Envelope job() {
    return {.id = JobId::generate(), .task = "work", .queue = "default", .enqueued_at = clock.now()};
  }
  Settlement settled(const Envelope& job) {
    Attempt attempt{context, {.queue = "default", .entry = "1-0", .payload = encode(job)}, running};
    return attempt.run().value();
  }
  /// The job as it comes back; fails the test where it does not.
  static Envelope again(const Settlement& settlement) {
    EXPECT_EQ(settlement.kind, Settlement::Kind::kRetry) << settlement.payload;
    auto decoded = decode(settlement.payload, 1'000'000);
    if (auto* const job = std::get_if<Envelope>(&decoded)) return std::move(*job);
    throw std::runtime_error{"it does not come back: " + settlement.payload};
  }
  static DeadLetter dead(const Settlement& settlement) {
    EXPECT_EQ(settlement.kind, Settlement::Kind::kBury) << settlement.payload;
    auto decoded = decode_dead_letter(settlement.payload);
    if (auto* const letter = std::get_if<DeadLetter>(&decoded)) return std::move(*letter);
    throw std::runtime_error{"it is not dead: " + settlement.payload};
  }

  aftercommit::testing::ManualClock clock;
  App app{"retry_rules_test",
          {.redis_url = "memory://retry_rules_test",
           .databases = {{"default", {.url = "postgresql://nobody@127.0.0.1:1/shop"}}},
           .clock = &clock}};
  std::optional<Task<>> task;
  HeldLease lease{1h};
  Home home{app, {"default"}, true};
  AttemptContext context{.app = app, .worker = "w", .unknown_task_grace = 60s, .leases = lease, .home = home};
  RunningJob running;
};

TEST_F(RetryRulesTest, TakeASnoozeForNoAttempt) {
  int seen = 0;
  declare({.max_retries = 0}, [&](Job& job) {
    seen = job.attempt();
    job.snooze(90min);
  });
  const auto first = settled(job());
  EXPECT_EQ(first.countdown, 90min);
  const auto second = settled(again(first));
  EXPECT_EQ(seen, 1);
  const auto next = again(second);
  EXPECT_EQ(next.counted_attempt(), 1);
  EXPECT_EQ(next.attempt, 3) << "so that a late word on one of them finds it settled";
  EXPECT_TRUE(next.errors.empty());
}

TEST_F(RetryRulesTest, CountTheAttemptsBetweenSnoozes) {
  declare({.max_retries = 1}, [] { throw std::runtime_error{"down"}; });
  auto snoozed = job();
  snoozed.attempt = 8;
  snoozed.snoozes = 7;
  const auto next = again(settled(snoozed));
  EXPECT_EQ(next.errors.at(0).attempt, 1);
  const auto letter = dead(settled(next));
  EXPECT_EQ(letter.cause, Cause::kRetriesExhausted);
  EXPECT_EQ(letter.job.value().errors.at(1).attempt, 2);
  EXPECT_EQ(revived(*letter.job).snoozes, 0);
}

TEST_F(RetryRulesTest, RetryOnlyWhatDerivesFromTheNamedErrors) {
  bool known = true;
  declare({.retry_on = retry_on<std::system_error, int>()}, [&] {
    if (known) throw std::filesystem::filesystem_error{"disk", std::error_code{}};
    throw std::out_of_range{"9"};
  });
  again(settled(job()));
  known = false;
  const auto letter = dead(settled(job()));
  EXPECT_EQ(letter.cause, Cause::kRejected);
  EXPECT_EQ(letter.reason, "its task does not retry std::out_of_range: 9");
  EXPECT_EQ(letter.job.value().errors.size(), 1u);
}

TEST_F(RetryRulesTest, RetryNothingThatIsNamedNotToBe) {
  bool text = true;
  declare({.retry_on = retry_on<std::exception>(), .no_retry_on = no_retry_on<std::logic_error>()}, [&] {
    if (text) throw std::invalid_argument{"not a number"};
    throw std::runtime_error{"down"};
  });
  EXPECT_EQ(dead(settled(job())).cause, Cause::kRejected);
  text = false;
  again(settled(job()));
}

TEST_F(RetryRulesTest, LetATaskAskForARetryWhateverErrorsAreRetried) {
  declare({.backoff = exponential(1s, 2s, 2.0, 0.5, 1s), .no_retry_on = no_retry_on<std::exception>()},
          [](Job& job) { job.retry({.countdown = 5h, .reason = "closed"}); });
  const auto settlement = settled(job());
  EXPECT_EQ(settlement.countdown, 5h) << "exactly, whatever cap and jitter say";
  EXPECT_EQ(again(settlement).errors.at(0).error, "closed");
}

TEST_F(RetryRulesTest, LetATaskSetTheRetriesOfOneFailureAlone) {
  bool asks = true;
  declare({.max_retries = 0}, [&](Job& job) {
    if (asks) job.retry({.max_retries = 2});
    throw std::runtime_error{"down"};
  });
  const auto second = again(settled(job()));
  const auto third = again(settled(second));
  EXPECT_EQ(dead(settled(third)).cause, Cause::kRetriesExhausted);
  asks = false;
  EXPECT_EQ(dead(settled(second)).reason, "down");
}

TEST_F(RetryRulesTest, BoundRetriesByTheTimeSinceTheFirstFailure) {
  declare({.backoff = fixed(25min), .retry_for = 1h}, [] { throw std::runtime_error{"down"}; });
  clock.advance(48h);
  auto next = again(settled(job()));
  EXPECT_EQ(next.retry_until, clock.now() + 1h) << "however long it had waited";
  clock.advance(30min);
  next = again(settled(next));
  EXPECT_EQ(next.retry_until, clock.now() + 30min);
  clock.advance(10min);
  const auto letter = dead(settled(next));
  EXPECT_EQ(letter.cause, Cause::kRetriesExhausted);
  EXPECT_EQ(letter.reason, "its retry_for of 3600 s ends before it would run again; the last error: down");
  EXPECT_FALSE(revived(*letter.job).retry_until) << "then it begins anew";
}

TEST_F(RetryRulesTest, BeginNoRetryThatComesTooLate) {
  int runs = 0;
  declare({}, [&] {
    ++runs;
    throw std::runtime_error{"down"};
  });
  auto call = job();
  call.retry_for = 1h;
  const auto next = again(settled(call));
  clock.advance(1h);  // the worker was away, or the database
  const auto letter = dead(settled(next));
  EXPECT_EQ(letter.reason, "its retry_for of 3600 s has passed; the last error: down");
  EXPECT_EQ(runs, 1);
}

TEST_F(RetryRulesTest, BoundSnoozesByRetryFor) {
  declare({.retry_for = 1h}, [](Job& job) { job.snooze(40min, "not open yet"); });
  const auto next = again(settled(job()));
  clock.advance(40min);
  const auto letter = dead(settled(next));
  EXPECT_THAT(letter.reason, HasSubstr("not open yet"));
}

TEST_F(RetryRulesTest, SendADeadJobToTheHookOfItsTaskFirst) {
  int runs = 0;
  declare({}, [&] {
    ++runs;
    throw Reject{"no such order"};
  });
  task->on_failure([](const FailedJob& /*failure*/) {});
  EXPECT_THROW(task->on_failure([](Job& /*job*/, const FailedJob& /*failure*/) {}), UsageError);
  const auto settlement = settled(job());
  EXPECT_EQ(settlement.countdown, 0ms);
  const auto dying = again(settlement);
  EXPECT_EQ(dying.death_cause, "rejected");
  EXPECT_EQ(dying.death_reason, "no such order");
  EXPECT_EQ(as_it_died(dying).attempt, 1);
  const auto after = settled(dying);
  EXPECT_EQ(runs, 1) << "its body is not called again";
  EXPECT_EQ(again(after), dying) << "the database of its hook is away";
}

}  // namespace
}  // namespace aftercommit::worker
