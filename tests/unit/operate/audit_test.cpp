/// An audit as data: what belongs together of what was found, and whether somebody has to act.
#include "operate/audit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aftercommit::operate {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using Kind = Finding::Kind;

constexpr const char* kUrl = "redis://127.0.0.1:6379?prefix=shop";

Audit audit_of(const Findings& findings) {
  Audit audit;
  audit.census.findings = findings;
  audit.census.looks = 3;
  audit.disagreements = grouped(findings, kUrl);
  return audit;
}

TEST(Disagreements, AreOneForEachKindAndQueueWithTheFirstOfManySubjects) {
  Findings findings{{Kind::kTwice, "mail", "a job"}, {Kind::kStranded, "slow", "another"}};
  for (int i = 10; i < 35; ++i) findings.insert({Kind::kStranded, "mail", std::to_string(i)});
  const auto all = grouped(findings, kUrl);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].kind, Kind::kStranded);
  EXPECT_EQ(all[0].queue, "mail");
  EXPECT_EQ(all[0].count, 25U);
  ASSERT_EQ(all[0].subjects.size(), Disagreement::kNamed);
  EXPECT_EQ(all[0].subjects.front(), "10");
  EXPECT_THAT(all[0].remedy, HasSubstr("shop:{mail}:"));
  EXPECT_EQ(all[1].queue, "slow");
  EXPECT_EQ(all[2].kind, Kind::kTwice);
  EXPECT_EQ(all[2].count, 1U);
}

TEST(Audit, AgreesWhereNothingWasFound) {
  const auto audit = audit_of({});
  EXPECT_TRUE(audit.agrees());
  EXPECT_FALSE(audit.needs_somebody());
}

TEST(Audit, NeedsNobodyForWhatPassesByItself) {
  const auto audit = audit_of({{Kind::kTwice, "mail", "a job"}});
  EXPECT_FALSE(audit.agrees());
  EXPECT_FALSE(audit.needs_somebody());
}

TEST(Audit, SaysInItsJsonWhatIsToBeDone) {
  const auto audit = audit_of({{Kind::kTwice, "mail", "a job"}, {Kind::kPassed, "mail", "another"}});
  const auto document = json::parse(in_json(audit).dump());
  EXPECT_EQ(document.at("agrees"), false);
  EXPECT_EQ(document.at("needs_somebody"), true);
  EXPECT_EQ(document.at("looks"), 3);
  const auto& passed = document.at("findings").at(0);
  EXPECT_EQ(passed.at("kind"), "passed");
  EXPECT_EQ(passed.at("jobs"), json::parse(R"(["another"])"));
  EXPECT_EQ(passed.at("remedy"), audit.disagreements[0].remedy);
}

TEST(Census, AddsUpItsQueues) {
  DurableStanding one;
  one.rows = 2;
  one.waiting = 1;
  one.moving = 1;
  one.dead = 1;
  const std::map<Queue, DurableStanding> durable{{"mail", one}, {"slow", one}};
  const auto all = sum(durable);
  EXPECT_EQ(all.rows, 4);
  EXPECT_EQ(all.waiting, 2);
  EXPECT_EQ(all.moving, 2);
  EXPECT_EQ(all.dead, 2);
}

}  // namespace
}  // namespace aftercommit::operate
