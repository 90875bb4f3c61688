// `aftercommit cancel`: what it cancels, what it says of it, and what it shows later.
#include <gmock/gmock.h>

#include "support/fixtures/cli_fixture.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

using CliCancel = support::CliTest;

TEST_F(CliCancel, SaysOfEachIdWhereItsJobStoodAndShowsItLater) {
  const auto waiting = durable(1);
  const auto delayed = durable(2, {.countdown = 1h});
  const auto in_redis = other(3);
  const auto end = run({"cancel", waiting.str(), delayed.str(), in_redis.str(), "--note", "sold out"});
  EXPECT_EQ(end.exit_code, 0) << end.error;
  EXPECT_THAT(end.output, HasSubstr(waiting.str() + "  waiting: it waited, and will not run\n"));
  EXPECT_THAT(end.output, HasSubstr(delayed.str() + "  delayed: "));
  EXPECT_THAT(end.output, HasSubstr(in_redis.str() + "  unknown: it stands in Redis alone, in queue mail"));
  EXPECT_FALSE(table.find(waiting));

  const auto listed = run_json({"cancel", "--list"});
  EXPECT_EQ(listed.at("more"), false);
  ASSERT_EQ(listed.at("cancelled").size(), 3U);
  const auto& newest = listed.at("cancelled").at(1);
  EXPECT_EQ(newest.at("id"), delayed.str());
  EXPECT_EQ(newest.at("state"), "delayed");
  EXPECT_EQ(newest.at("queue"), "mail");
  EXPECT_EQ(newest.at("task"), "receipt");
  EXPECT_EQ(newest.at("note"), "sold out");
  EXPECT_THAT(run({"cancel", "--list", "--limit", "1"}).output,
              HasSubstr("(the newest 1: --limit lists more)"));
}

TEST_F(CliCancel, AnswersOneWhereAJobCannotBeCancelledAnyMore) {
  durable(1);
  const auto dead = die();
  const auto unknown = JobId::generate();
  const auto end = run({"cancel", dead.str(), unknown.str(), "--json"});
  EXPECT_EQ(end.exit_code, 1) << end.error;
  const auto jobs = json::parse(end.output).at("jobs");
  EXPECT_EQ(jobs.at(0).at("answer"), "dead");
  EXPECT_EQ(jobs.at(0).at("cancelled"), false);
  EXPECT_EQ(jobs.at(1).at("answer"), "unknown");
  EXPECT_EQ(run({"cancel"}).exit_code, 2);
  EXPECT_EQ(run({"cancel", "--list", dead.str()}).exit_code, 2);
}

TEST_F(CliCancel, LeavesAnAuditThatAgrees) {
  durable(1);
  const auto delayed = durable(2, {.countdown = 1h});
  EXPECT_EQ(run({"cancel", delayed.str()}).exit_code, 0);
  const auto found = run_json({"audit", "--pause", "0"});
  EXPECT_EQ(found.at("agrees"), true) << found.dump(2);
  EXPECT_EQ(found.at("cancelled"), 1);
  EXPECT_EQ(found.at("durable").at("sum").at("rows"), 1);
  EXPECT_THAT(run({"audit"}).output, HasSubstr("committed = done + cancelled + dead + waiting"));
}

}  // namespace
}  // namespace aftercommit
