/// A job whose session the server ends in the midst of it, for a reason of that session alone: it is told as
/// that, and its database goes on serving the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ResultOf;

constexpr const char* kByATimeout = "terminating connection due to idle-in-transaction timeout";
constexpr const char* kByAnAdministrator = "terminating connection due to administrator command";

class WorkerLostSession : public support::WorkerTest {
 protected:
  struct Warning {
    int runs_left;
    std::string error;
  };

  /// What a log of level info shows of it.
  static std::vector<Warning> warnings(const support::WorkerProcess& worker) {
    std::vector<Warning> found;
    for (const auto& event : worker.events()) {
      if (event.at("message") !=
          "job put off: its run was cut short by a database, which uses up no retry while such runs are left")
        continue;
      EXPECT_EQ(event.at("level"), "warning");
      found.push_back({event.at("runs_left").get<int>(), event.at("error").get<std::string>()});
    }
    return found;
  }
  /// Whether the database has been put in doubt for it: its jobs stand aside then.
  static bool has_doubted(const support::WorkerProcess& worker) {
    const auto events = worker.events();
    return std::ranges::any_of(events, [](const auto& event) {
      return event.at("message") == "a database may not serve: asking it" &&
             event.at("error").template get<std::string>().find("terminating connection") !=
                 std::string::npos;
    });
  }
};

auto runs_left(int count) {
  return ResultOf(
      "runs left", [](const auto& warning) { return warning.runs_left; }, count);
}
template <class Matcher>
auto error(const Matcher& matcher) {
  return ResultOf(
      "error", [](const auto& warning) { return warning.error; }, matcher);
}

class WorkerLostIdleSession : public WorkerLostSession, public ::testing::WithParamInterface<std::string> {};

TEST_P(WorkerLostIdleSession, IsToldOnceForEachRunInTheServersWordsAndHoldsNobodyBack) {
  auto& worker = start_worker();
  const auto job = tasks.lose_session.apply_async({.max_retries = 0}, 1, GetParam(), 2);
  ASSERT_TRUE(eventually_effects({1})) << worker.log();
  EXPECT_THAT(warnings(worker), ElementsAre(runs_left(9), runs_left(8)));
  EXPECT_THAT(warnings(worker), Each(error(AllOf(HasSubstr(kByATimeout), Not(HasSubstr("in doubt"))))));
  EXPECT_EQ(notes(job).back().attempt, 1);
  EXPECT_EQ(starts(job), 3u);
  EXPECT_FALSE(has_doubted(worker));
}

INSTANTIATE_TEST_SUITE_P(Before, WorkerLostIdleSession,
                         ::testing::Values("idle, commits", "idle, uses it", "idle, hides it"),
                         [](const auto& one) -> std::string {
                           if (one.param.ends_with("uses it")) return "AStatement";
                           return one.param.ends_with("hides it") ? "AnotherFailure" : "ItsCommit";
                         });

TEST_F(WorkerLostSession, BeforeItsCommitTenTimesInARowIsAFailureThatLeavesNoDoubt) {
  auto& worker = start_worker();
  const auto job = tasks.lose_session.apply_async({.max_retries = 0}, 1, "idle, commits", 1000);
  ASSERT_TRUE(eventually([&] { return starts(job) == 10; }, 60s)) << worker.log();
  const auto letter = eventually_dead(1).front();
  EXPECT_EQ(letter.cause, DeadLetter::Cause::kRetriesExhausted);
  EXPECT_THAT(letter.reason, AllOf(HasSubstr("was rolled back: the connection was lost before its commit"),
                                   HasSubstr(kByATimeout), Not(HasSubstr("in doubt"))));
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->errors.back().type, "aftercommit::DatabaseUnavailable");
  EXPECT_EQ(starts(job), 10u);
  EXPECT_EQ(warnings(worker).size(), 9u);
  EXPECT_TRUE(effects().empty());
}

TEST_F(WorkerLostSession, ByAnAdministratorIsToldInTheServersWordsAndHoldsNobodyBack) {
  auto& worker = start_worker();
  tasks.lose_session.apply_async({.max_retries = 0}, 1, "by an administrator", 1);
  ASSERT_TRUE(eventually_effects({1})) << worker.log();
  EXPECT_THAT(warnings(worker), ElementsAre(AllOf(runs_left(9), error(HasSubstr(kByAnAdministrator)))));
  EXPECT_FALSE(has_doubted(worker));
}

}  // namespace
}  // namespace aftercommit
