/// Which statements of an application are worth a plan.
#include "client/statements/frequent_statements.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace aftercommit::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kInsert = "INSERT INTO t VALUES ($1)";

class FrequentStatementsTest : public ::testing::Test {
 protected:
  void run(std::string_view sql, int times = 1) {
    for (int i = 0; i < times; ++i) frequent.note(sql, now);
  }
  bool planned(std::string_view sql, const SqlParams& params = {"1"}) {
    const auto* found = frequent.find(sql, params, now);
    return found != nullptr && *found == sql;
  }

  FrequentStatements::Clock::time_point now{};
  FrequentStatements frequent;
};

TEST_F(FrequentStatementsTest, AreThoseThatWereRunFiveTimesWithinASecond) {
  run(kInsert, 4);
  EXPECT_FALSE(planned(kInsert));
  run(kInsert);
  EXPECT_TRUE(planned(kInsert));
  EXPECT_FALSE(planned("INSERT INTO t VALUES ($2)"));
}

TEST_F(FrequentStatementsTest, AreNotThoseThatAreRunNowAndThen) {
  for (int i = 0; i < 20; ++i) {
    run(kInsert);
    EXPECT_FALSE(planned(kInsert));
    now += 400ms;
  }
}

TEST_F(FrequentStatementsTest, HaveToShowItAgainAfterASecond) {
  run(kInsert, 5);
  now += 1001ms;
  EXPECT_FALSE(planned(kInsert));
  run(kInsert, 4);
  EXPECT_FALSE(planned(kInsert));
  run(kInsert);
  EXPECT_TRUE(planned(kInsert));
}

TEST_F(FrequentStatementsTest, StayAtTheirAddress) {
  run(kInsert, 5);
  const auto* const before = frequent.find(kInsert, {"1"}, now);
  for (int i = 0; i < 50; ++i) run("DELETE FROM t" + std::to_string(i) + " WHERE id = $1", 5);
  now += 2s;
  run(kInsert, 5);
  EXPECT_EQ(frequent.find(kInsert, {"1"}, now), before);
}

TEST_F(FrequentStatementsTest, AreSuchAsPrepareTakes) {
  for (const auto* sql : {"update t SET a = $1", "\n\t Delete FROM t WHERE id = $1"}) {
    run(sql, 5);
    EXPECT_TRUE(planned(sql)) << sql;
  }
  for (const auto* sql :
       {"CALL p($1)", "SELECT f($1)", "/* x */ INSERT INTO t VALUES ($1)", "INSER", "", " "}) {
    run(sql, 5);
    EXPECT_FALSE(planned(sql)) << sql;
  }
}

TEST_F(FrequentStatementsTest, GoAsTheyAreWithLargeValues) {
  run(kInsert, 5);
  EXPECT_FALSE(planned(kInsert, {std::string(5000, 'x')}));
  EXPECT_TRUE(planned(kInsert, {std::nullopt}));
}

TEST_F(FrequentStatementsTest, AreAHundredAtMost) {
  for (int i = 0; i < 100; ++i) run("DELETE FROM t" + std::to_string(i) + " WHERE id = $1", 5);
  run(kInsert, 5);
  EXPECT_FALSE(planned(kInsert));
  EXPECT_TRUE(planned("DELETE FROM t7 WHERE id = $1"));
}

}  // namespace
}  // namespace aftercommit::detail
