/// The oracle's rules on features that keep state: each finds what it is there for, and nothing where all is
/// well.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "fault/harness/body_times.hpp"
#include "fault/harness/cancel_rule.hpp"
#include "fault/harness/rate_rule.hpp"
#include "fault/harness/result_rule.hpp"
#include "fault/harness/tick_rule.hpp"
#include "fault/harness/unique_rule.hpp"

namespace aftercommit::fault {
namespace {

using namespace std::chrono_literals;

using Sentences = std::vector<std::string>;

// --- Cancelled

CancelStory cancelled(const std::string& answer, std::size_t effects, const std::string& state = {}) {
  return {.job = "job 1", .answers = {answer}, .state = state.empty() ? answer : state, .effects = effects};
}

TEST(OracleOfCancelledJobs, AllowsWhatTheAnswersSay) {
  EXPECT_EQ(judge_cancel(cancelled("waiting", 0)), Sentences{});
  EXPECT_EQ(judge_cancel(cancelled("delayed", 0)), Sentences{});
  EXPECT_EQ(judge_cancel(cancelled("running", 0, "running")), Sentences{});
  EXPECT_EQ(judge_cancel(cancelled("running", 1, "too_late")), Sentences{});
  EXPECT_EQ(judge_cancel(cancelled("unknown", 1)), Sentences{}) << "of a durable job: it was done";
}

TEST(OracleOfCancelledJobs, FindsOneThatHasTakenEffect) {
  for (const auto* answer : {"waiting", "delayed"}) {
    EXPECT_EQ(judge_cancel(cancelled(answer, 1)),
              Sentences{"job 1 was cancelled ('" + std::string{answer} + "') and has 1 effects"});
  }
  EXPECT_EQ(judge_cancel(cancelled("running", 1, "running")).size(), 1U);
  auto without_row = cancelled("unknown", 1);
  without_row.durable = false;
  EXPECT_EQ(judge_cancel(without_row).size(), 1U);
  auto asked_twice = cancelled("running", 1, "too_late");
  asked_twice.answers.emplace_back("cancelled");
  EXPECT_EQ(judge_cancel(asked_twice).size(), 1U);
}

TEST(OracleOfCancelledJobs, FindsOneThatIsDeadInstead) {
  auto story = cancelled("waiting", 0);
  story.letters = 1;
  EXPECT_EQ(judge_cancel(story), Sentences{"job 1 was cancelled ('waiting') and is dead"});
}

TEST(OracleOfCancelledJobs, FindsARequestThatIsLeftOpen) {
  EXPECT_EQ(judge_cancel(cancelled("running", 0, "requested")),
            Sentences{"job 1 was asked to stop, and nobody has seen to that"});
}

TEST(OracleOfCancelledJobs, FindsOneThatIsSaidToBeDoneOrDeadAndIsNot) {
  EXPECT_EQ(judge_cancel(cancelled("done", 0)).size(), 1U);
  EXPECT_EQ(judge_cancel(cancelled("dead", 0)).size(), 1U);
  EXPECT_EQ(judge_cancel(cancelled("running", 0, "too_late")).size(), 1U);
}

TEST(OracleOfCancelledJobs, LetsAJobVanishOnlyWhereTheAnswerAllowsIt) {
  EXPECT_TRUE(may_have_vanished(cancelled("waiting", 0)));
  EXPECT_TRUE(may_have_vanished(cancelled("running", 0, "running")));
  EXPECT_FALSE(may_have_vanished(cancelled("running", 0, "too_late")));
  EXPECT_FALSE(may_have_vanished(cancelled("unknown", 0)));
  EXPECT_FALSE(may_have_vanished(CancelStory{}));
}

// --- Unique

UniqueAsk own(const std::string& key, const std::string& job, long long asked_us) {
  return {.key = key, .job = job, .own = true, .asked_us = asked_us};
}

BodyTime body(const std::string& key, const std::string& job, long long begun_us, long long ended_us) {
  return {.job = job, .key = key, .claimed_us = begun_us, .begun_us = begun_us, .ended_us = ended_us};
}

TEST(OracleOfUniqueJobs, AllowsOneOfAKeyAfterTheOther) {
  EXPECT_EQ(judge_unique({own("skip 1", "a", 5), {"skip 1", "a", false, 7}, own("skip 1", "b", 21)},
                         {body("skip 1", "a", 10, 20), body("skip 1", "b", 30, 40)}),
            Sentences{});
  EXPECT_EQ(
      judge_unique({own("once_more 1", "a", 5), own("once_more 1", "b", 15), own("once_more 1", "c", 21)},
                   {body("once_more 1", "a", 10, 20), body("once_more 1", "b", 30, 40),
                    body("once_more 1", "c", 50, 60)}),
      Sentences{});
}

TEST(OracleOfUniqueJobs, FindsTwoOfAKeyThatRanAtOnce) {
  EXPECT_EQ(judge_unique({own("once_more 1", "a", 5), own("once_more 1", "b", 15)},
                         {body("once_more 1", "a", 10, 20), body("once_more 1", "b", 18, 40)}),
            Sentences{"job b of the key 'once_more 1' began 2 us before job a had ended"});
}

TEST(OracleOfUniqueJobs, FindsOneThatWasMadeWhileAnotherHadTheKey) {
  EXPECT_EQ(
      judge_unique({own("skip 1", "a", 5), own("skip 1", "b", 15)},
                   {body("skip 1", "a", 10, 20), body("skip 1", "b", 30, 40)}),
      Sentences{"job b of the unique key 'skip 1' was made 5 us before job a had ended, which still had "
                "the key"});
  EXPECT_EQ(judge_unique({own("once_more 1", "a", 5), own("once_more 1", "b", 6), own("once_more 1", "c", 7)},
                         {body("once_more 1", "a", 10, 20), body("once_more 1", "b", 30, 40),
                          body("once_more 1", "c", 50, 60)})
                .size(),
            1U);
}

TEST(OracleOfUniqueJobs, FindsAnAnswerThatIsNobodysJob) {
  EXPECT_EQ(judge_unique({{"skip 1", "a", false, 7}, own("skip 2", "a", 5)}, {}),
            Sentences{"job a of the unique key 'skip 1' was the answer, and nobody had made it"});
  EXPECT_EQ(judge_unique({own("skip 1", "a", 5), own("skip 1", "a", 6)}, {}).size(), 1U);
}

TEST(OracleOfUniqueJobs, LetsAllButTheLastBeReplacedWhereTheKeyAllowsIt) {
  EXPECT_EQ(may_be_replaced({own("replace 1", "a", 1), own("debounce 1", "b", 2), own("skip 1", "c", 3),
                             own("replace 1", "d", 4), own("debounce 1", "e", 5), own("skip 1", "f", 6)}),
            (std::set<std::string>{"a", "b"}));
}

// --- Results

TEST(OracleOfResults, WantsTheValueOfTheEffectWhereThereIsOneAndNoneElse) {
  EXPECT_EQ(judge_result({.job = "job 1", .effects = {42}, .kept = "42"}), Sentences{});
  EXPECT_EQ(judge_result({.job = "job 1"}), Sentences{});
  EXPECT_EQ(judge_result({.job = "job 1", .effects = {42}}),
            Sentences{"job 1 has taken effect, and its result is not there"});
  EXPECT_EQ(judge_result({.job = "job 1", .kept = "42"}),
            Sentences{"job 1 has not taken effect, and 42 is kept as its result"});
  EXPECT_EQ(judge_result({.job = "job 1", .effects = {42}, .kept = "41"}).size(), 1U);
}

// --- Limits

TEST(OracleOfLimits, FindsTwoOfAKeyThatRanAtOnceAndNoTwoOfOthers) {
  EXPECT_EQ(find_overlaps({body("x", "a", 10, 20), body("y", "b", 15, 25), body("x", "c", 20, 30)}),
            Sentences{});
  EXPECT_EQ(find_overlaps({body("x", "b", 19, 30), body("x", "a", 10, 20)}).size(), 1U);
  EXPECT_EQ(find_overlaps({body("x", "a", 10, 100), body("x", "b", 20, 30), body("x", "c", 40, 50)}).size(),
            2U)
      << "the first one runs beside both";
}

/// So many that began at once, in the second second.
std::vector<BodyTime> begun_at_once(int count, long pid = 1) {
  std::vector<BodyTime> bodies;
  for (int i = 0; i < count; ++i) {
    bodies.push_back({.job = std::to_string(i), .key = {}, .pid = pid, .claimed_us = 2'000'000 + i});
  }
  return bodies;
}

constexpr RateTerms kFiveASecond{.most = 5, .per = 1000ms, .burst = 1};

TEST(OracleOfLimits, FindsMoreThanARateAllowsAndBearsWithSomeThatCameLate) {
  EXPECT_EQ(judge_rate(begun_at_once(9), kFiveASecond, {}), Sentences{}) << "up to 1.5 s late";
  const auto wrong = judge_rate(begun_at_once(12), kFiveASecond, {});
  ASSERT_EQ(wrong.size(), 1U);
  EXPECT_TRUE(wrong[0].starts_with("12 jobs began within 0 ms, 3 more than the rate allows")) << wrong[0];
}

TEST(OracleOfLimits, FindsARateThatIsALittleTooHighForLong) {
  std::vector<BodyTime> bodies;
  for (int i = 0; i < 60; ++i) bodies.push_back({.job = {}, .key = {}, .claimed_us = i * 200'000LL});
  EXPECT_EQ(judge_rate(bodies, kFiveASecond, {}), Sentences{});
  for (auto& body : bodies) body.claimed_us = body.claimed_us / 2;
  EXPECT_EQ(judge_rate(bodies, kFiveASecond, {}).size(), 1U);
}

TEST(OracleOfLimits, ExcusesWhoWasFrozenAndWhatACrashForgot) {
  EXPECT_EQ(judge_rate(begun_at_once(12), kFiveASecond, {.database_crashes = {1900}}), Sentences{});
  EXPECT_EQ(judge_rate(begun_at_once(12), kFiveASecond,
                       {.freezes = {{.pid = 1, .from_ms = 500, .until_ms = 1900}}}),
            Sentences{});
  EXPECT_EQ(
      judge_rate(begun_at_once(12, 2), kFiveASecond,
                 {.database_crashes = {9000}, .freezes = {{.pid = 1, .from_ms = 500, .until_ms = 1900}}})
          .size(),
      1U)
      << "another process, another time";
}

// --- Periodic tasks

const PeriodicState kMakesUpForAll{.name = "each", .makes_up_for_all = true, .last_s = 12};
const PeriodicState kRunsTheLatest{.name = "latest", .last_s = 12};

TEST(OracleOfPeriodicTasks, AllowsOneJobATickAndTicksThatArePassedOverWhereThatIsTheRule) {
  EXPECT_EQ(judge_ticks({{"each", 10, "a"}, {"each", 12, "b"}, {"latest", 10, "c"}, {"latest", 12, "d"}},
                        {{"each", 11, "e"}}, {kMakesUpForAll, kRunsTheLatest}),
            Sentences{});
}

TEST(OracleOfPeriodicTasks, FindsATickWithTwoJobsOrTwoEffects) {
  EXPECT_EQ(judge_ticks({{"latest", 12, "a"}, {"latest", 12, "b"}}, {}, {kRunsTheLatest}),
            Sentences{"tick 12 of 'latest' has job a and job b"});
  EXPECT_EQ(judge_ticks({{"latest", 12, "a"}, {"latest", 12, "a"}}, {}, {kRunsTheLatest}).size(), 1U);
}

TEST(OracleOfPeriodicTasks, FindsATickThatHasNotRun) {
  EXPECT_EQ(judge_ticks({{"each", 10, "a"}, {"each", 12, "b"}}, {}, {kMakesUpForAll}),
            Sentences{"tick 11 of 'each' is passed, and has not run"});
  EXPECT_EQ(judge_ticks({{"latest", 10, "a"}}, {}, {kRunsTheLatest}),
            Sentences{"tick 12 of 'latest' is passed, and has not run"});
  EXPECT_EQ(judge_ticks({}, {}, {kRunsTheLatest}).size(), 1U);
  EXPECT_EQ(judge_ticks({{"latest", 13, "a"}, {"latest", 12, "b"}}, {}, {kRunsTheLatest}).size(), 1U)
      << "of which nobody knows";
}

}  // namespace
}  // namespace aftercommit::fault
