/// An attempt as far as it needs no server: without a transaction, and what it hands to the one before it.
#include "worker/run/attempt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>

#include "client/transaction/database_core.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;

/// Thrown by applications whose exceptions have no text at all, not even an empty one.
template <class Base>
struct Silent : Base {
  using Base::Base;
  const char* what() const noexcept override { return nullptr; }
};

/// Of the application's own, and never to be read.
struct Riddle {};
void to_json(nlohmann::json& json, const Riddle& /*riddle*/) { json = 1; }
void from_json(const nlohmann::json& /*json*/, Riddle& /*riddle*/) { throw Silent<std::exception>{}; }

class AttemptTest : public ::testing::Test {
 protected:
  AttemptTest() {
    app.task<>("bare", {.transactional = false}).run([this] { ++runs; });
    app.task<>("fails", {.transactional = false}).run([] { throw std::out_of_range{"9"}; });
    app.task<>("retries", {.transactional = false}).run([] { throw Silent<Retry>{""}; });
    app.task<>("rejects", {.transactional = false}).run([] { throw Silent<Reject>{""}; });
    app.task<Riddle>("riddle", {.transactional = false}).run([this](const Riddle&) { ++runs; });
    app.task<>("pay").run([] {});
    lease.renewed(HeldLease::Clock::now(), true);
  }

  Envelope job(const std::string& task) {
    return {.id = JobId::generate(), .task = task, .queue = "mail", .enqueued_at = kToday};
  }
  static Fetched fetched(const Envelope& job) {
    return {.queue = "mail", .entry = "1-0", .payload = encode(job)};
  }
  /// How one ends, and what is kept of that.
  Settlement settled(const Envelope& job) {
    Attempt attempt{context, fetched(job), running};
    return attempt.run().value();
  }
  /// What this job gives for a message to this database.
  const detail::Riders* begun_ahead(const Envelope& job, const Database& database) {
    next.emplace(context, fetched(job), running);
    return next->begin_ahead(database);
  }

  static constexpr std::chrono::system_clock::time_point kToday{1'772'366'400'000ms};

  int runs = 0;
  App app{"attempt_test",
          {.redis_url = "memory://attempt_test",
           .databases = {{"default", {.url = "postgresql://nobody@127.0.0.1:1/shop"}},
                         {"reports", {.url = "postgresql://nobody@127.0.0.1:1/reports"}}}}};
  HeldLease lease{1h};
  Home home{app, {"mail"}, true};
  AttemptContext context{.app = app, .worker = "w", .unknown_task_grace = 60s, .leases = lease, .home = home};
  RunningJob running;
  std::optional<Attempt> next;
};

TEST_F(AttemptTest, WithoutATransactionIsSettledAtOnce) {
  Attempt attempt{context, fetched(job("bare")), running};
  const auto settlement = attempt.run();
  ASSERT_TRUE(settlement);
  EXPECT_EQ(settlement->kind, Settlement::Kind::kAck);
  EXPECT_EQ(settlement->entry, "1-0");
  EXPECT_EQ(attempt.takes_along(), nullptr);
  EXPECT_EQ(runs, 1);
}

TEST_F(AttemptTest, OfAPausedQueueGivesTheJobBackAsItCame) {
  context.gate.paused().set({"mail"});
  const auto paused = job("bare");
  const auto settlement = settled(paused);
  EXPECT_EQ(settlement.kind, Settlement::Kind::kRelease);
  EXPECT_EQ(settlement.payload, encode(paused));
  EXPECT_EQ(runs, 0);
  context.gate.paused().set({"other"});
  EXPECT_EQ(settled(paused).kind, Settlement::Kind::kAck);
}

TEST_F(AttemptTest, ThatFailsIsFollowedByAnother) {
  const auto settlement = settled(job("fails"));
  EXPECT_EQ(settlement.kind, Settlement::Kind::kRetry);
  const auto again = std::get<Envelope>(decode(settlement.payload, app.options().payload_limit));
  EXPECT_EQ(again.attempt, 2);
  EXPECT_EQ(again.errors.at(0).type, "std::out_of_range");
}

TEST_F(AttemptTest, ThatEndsByAnExceptionWithoutATextEndsAsItsTypeSays) {
  const auto no_text = ::testing::HasSubstr("an exception without a text, of the type ");
  const auto again = settled(job("retries"));
  ASSERT_EQ(again.kind, Settlement::Kind::kRetry);
  const auto next_time = std::get<Envelope>(decode(again.payload, app.options().payload_limit));
  EXPECT_EQ(next_time.attempt, 2);
  EXPECT_THAT(next_time.errors.at(0).error, no_text);
  const auto rejected = settled(job("rejects"));
  EXPECT_EQ(rejected.kind, Settlement::Kind::kBury);
  EXPECT_THAT(rejected.payload, no_text);
  auto riddle = job("riddle");
  riddle.args = {1};
  const auto malformed = settled(riddle);
  EXPECT_EQ(malformed.kind, Settlement::Kind::kBury);
  EXPECT_THAT(malformed.payload, ::testing::AllOf(::testing::HasSubstr("malformed"), no_text));
  EXPECT_EQ(runs, 0);
}

TEST_F(AttemptTest, BeginsAheadInAMessageToItsOwnDatabaseAlone) {
  for (const bool durable : {true, false}) {
    auto pay = job("pay");
    pay.durable = durable;
    const auto& statements = app.database().core()->statements;
    const auto* const riders = begun_ahead(pay, app.database());
    ASSERT_NE(riders, nullptr);
    EXPECT_EQ(riders->with_begin.statement, durable ? &statements.guard_job : &statements.guard_ledger);
    EXPECT_EQ(begun_ahead(pay, app.database("reports")), nullptr);
  }
}

TEST_F(AttemptTest, DoesNotBeginAheadWithoutATransaction) {
  auto bare = job("bare");
  bare.durable = true;  // so that it has a database
  EXPECT_EQ(begun_ahead(bare, app.database()), nullptr);
}

TEST_F(AttemptTest, DoesNotBeginAheadWhatIsHeldBack) {
  auto expired = job("pay");
  expired.expires_at = kToday;
  EXPECT_EQ(begun_ahead(expired, app.database()), nullptr);
  EXPECT_EQ(begun_ahead(job("later"), app.database()), nullptr);
  next.emplace(context, Fetched{.queue = "mail", .entry = "1-0", .payload = "no job"}, running);
  EXPECT_EQ(next->begin_ahead(app.database()), nullptr);
}

}  // namespace
}  // namespace aftercommit::worker
