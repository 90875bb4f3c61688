/// What a relay asks of every broker: jobs and cursor in one step, or neither.
#include "support/fixtures/every_broker.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;

class RelayStepTest : public EveryBroker {
 protected:
  bool relay(const std::string& expected, const std::string& next, std::vector<Outgoing> jobs = {}) {
    return broker->relay({"mail", "shop", expected, next, std::move(jobs)});
  }
  std::string cursor(const std::string& source = "shop") { return broker->relay_cursors(source, mail).at(0); }
};

TEST_P(RelayStepTest, BeginsWithoutACursor) { EXPECT_EQ(cursor(), ""); }

TEST_P(RelayStepTest, TakesJobsAndMovesTheCursor) {
  EXPECT_TRUE(relay("", "page 1", {durable_job("a"), durable_job("b")}));
  EXPECT_EQ(cursor(), "page 1");
  EXPECT_TRUE(relay("page 1", "page 2", {durable_job("c")}));
  EXPECT_EQ(cursor(), "page 2");
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("a", "b", "c"));
}

TEST_P(RelayStepTest, MovesTheCursorWithoutJobs) {
  EXPECT_TRUE(relay("", "page 1"));
  EXPECT_EQ(cursor(), "page 1");
  expect_counts({});
}

TEST_P(RelayStepTest, ChangesNothingWhereTheCursorIsAnother) {
  const auto a = durable_job("a");
  EXPECT_FALSE(relay("page 1", "page 2", {a}));
  EXPECT_EQ(cursor(), "");
  ASSERT_TRUE(relay("", "page 1"));
  EXPECT_FALSE(relay("", "page 9", {a}));
  EXPECT_FALSE(relay("page 2", "page 9", {a}));
  EXPECT_EQ(cursor(), "page 1");
  EXPECT_FALSE(has(*a.durable));
  expect_counts({});
}

TEST_P(RelayStepTest, TakesAJobOnceWhoeverBringsIt) {
  const auto a = durable_job("a");
  enqueue({a});
  EXPECT_TRUE(relay("", "page 1", {a, durable_job("b"), a}));
  EXPECT_TRUE(relay("page 1", "page 2", {a}));
  enqueue({a});
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("a", "b"));
}

TEST_P(RelayStepTest, BringsDelayedJobs) {
  auto in = durable_job("in"), at = durable_job("at"), due = durable_job("due");
  in.countdown = 1h;
  at.eta = std::chrono::system_clock::now() + 10min;
  due.countdown = 0ms;
  EXPECT_TRUE(relay("", "page 1", {in, at, due}));
  expect_counts({.ready = 1, .delayed = 2});
  EXPECT_LT(broker->promote(mail, 10).next_due, 20min);
  EXPECT_TRUE(has(*in.durable));
}

TEST_P(RelayStepTest, GivesASignForADelayedJobDueBeforeAllOthers) {
  broker->await_schedule(mail, kNoWait);
  auto later = durable_job("later");
  later.countdown = 1h;
  EXPECT_TRUE(another()->relay({"mail", "shop", "", "page 1", {later}}));
  EXPECT_TRUE(broker->await_schedule(mail, kTimeout));
}

TEST_P(RelayStepTest, KeepsACursorForEachSourceAndQueue) {
  relay("", "page 1");
  EXPECT_EQ(cursor("another shop"), "");
  EXPECT_TRUE(broker->relay({"mail", "another shop", "", "its page"}));
  EXPECT_TRUE(broker->relay({"slow", "shop", "", "slow page"}));
  EXPECT_EQ(cursor("another shop"), "its page");
  const std::vector<Queue> queues{"slow", "mail", "empty"};
  EXPECT_THAT(broker->relay_cursors("shop", queues), ElementsAre("slow page", "page 1", ""));
  EXPECT_THAT(broker->relay_cursors("shop", {}), IsEmpty());
}

TEST_P(RelayStepTest, KeepsCursorsByteForByte) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  EXPECT_TRUE(relay("", every_byte));
  EXPECT_EQ(cursor(), every_byte);
  EXPECT_TRUE(relay(every_byte, "next"));
}

TEST_P(RelayStepTest, TakesAThousandJobsAndRefusesMore) {
  std::vector<Outgoing> jobs;
  for (int i = 0; i < 1000; ++i) jobs.push_back(durable_job(std::to_string(i)));
  EXPECT_TRUE(relay("", "page 1", jobs));
  expect_counts({.ready = 1000});
  jobs.push_back(durable_job("one more"));
  EXPECT_THROW(relay("page 1", "page 2", jobs), UsageError);
  EXPECT_EQ(cursor(), "page 1");
}

TEST_P(RelayStepTest, RefusesJobsThatAreNotDurableOrOfAnotherQueue) {
  EXPECT_THROW(relay("", "page 1", {{"mail", "a"}}), UsageError);
  EXPECT_THROW(relay("", "page 1", {{"slow", "a", {}, {}, JobId::generate()}}), UsageError);
  EXPECT_EQ(cursor(), "");
}

TEST_P(RelayStepTest, LetsOneOfTwoRelaysTakeTheStep) {
  const auto other = another();
  EXPECT_TRUE(relay("", "page 1"));
  EXPECT_TRUE(other->relay({"mail", "shop", "page 1", "page 2 of the other", {durable_job("b")}}));
  EXPECT_FALSE(relay("page 1", "page 2", {durable_job("c")}));
  EXPECT_THAT(payloads(fetch(10)), ElementsAre("b"));
}

INSTANTIATE_TEST_SUITE_P(For, RelayStepTest, kEveryBroker, broker_name);

}  // namespace
}  // namespace aftercommit
