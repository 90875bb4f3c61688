/// What goes into a message: a statement as text, or the plan that the server has of it.
#include "client/statements/planned_statements.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "aftercommit/testing.hpp"

namespace aftercommit::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLifetime{1000};

class PlannedStatementsTest : public ::testing::Test {
 protected:
  /// What is added to a message.
  std::string added(const SqlTemplate& statement, const std::vector<std::string>& values) {
    std::string message;
    planned.append(message, statement, values);
    return message;
  }
  /// The same in a message that succeeds.
  std::string sent(const SqlTemplate& statement, const std::vector<std::string>& values) {
    auto message = added(statement, values);
    planned.succeeded();
    return message;
  }

  const SqlTemplate insert{"INSERT INTO t VALUES ({id}, {text});"};
  const SqlTemplate remove{"DELETE FROM t WHERE id = {id};"};
  const std::string prepare_insert = "PREPARE aftercommit_1 AS INSERT INTO t VALUES ($1, $2);";
  testing::ManualClock clock;
  int asked = 0;
  bool usable = true;
  PlannedStatements planned{[this] {
                              ++asked;
                              return usable;
                            },
                            clock};
};

TEST_F(PlannedStatementsTest, GoAsTextWhereTheSessionMayBeAnother) {
  usable = false;
  EXPECT_EQ(sent(insert, {"1", "'a'"}), "INSERT INTO t VALUES (1, 'a');");
  EXPECT_EQ(sent(insert, {"2", "'b'"}), "INSERT INTO t VALUES (2, 'b');");
}

TEST_F(PlannedStatementsTest, AskOnceAndNotBeforeItMatters) {
  EXPECT_EQ(asked, 0);
  for (int i = 0; i < 3; ++i) sent(insert, {"1", "'a'"});
  planned.forget();
  sent(remove, {"1"});
  EXPECT_EQ(asked, 1);
}

TEST_F(PlannedStatementsTest, AskNoSecondTimeWhereTheAnswerWasNo) {
  usable = false;
  sent(insert, {"1", "'a'"});
  usable = true;
  EXPECT_EQ(sent(insert, {"1", "'a'"}), "INSERT INTO t VALUES (1, 'a');");
  EXPECT_EQ(asked, 1);
}

TEST_F(PlannedStatementsTest, GoAsTextWhereNobodyCouldTell) {
  PlannedStatements untold{[]() -> bool { throw std::runtime_error{"the connection is gone"}; }, clock};
  std::string message;
  const std::vector<std::string> values{"1"};
  EXPECT_THROW(untold.append(message, remove, values), std::runtime_error);
  untold.append(message, remove, values);
  EXPECT_EQ(message, "DELETE FROM t WHERE id = 1;");
}

TEST_F(PlannedStatementsTest, ArePreparedAtFirstAndOnlyExecutedAfter) {
  EXPECT_EQ(sent(insert, {"1", "'a'"}), prepare_insert + "EXECUTE aftercommit_1(1,'a');");
  EXPECT_EQ(sent(insert, {"2", "'b'"}), "EXECUTE aftercommit_1(2,'b');");
  EXPECT_EQ(sent(insert, {"3", "NULL"}), "EXECUTE aftercommit_1(3,NULL);");
}

TEST_F(PlannedStatementsTest, AreAddedToWhatTheMessageHolds) {
  std::string message = "BEGIN; ";
  planned.append(message, remove, std::vector<std::string>{"1"});
  EXPECT_EQ(message, "BEGIN; PREPARE aftercommit_1 AS DELETE FROM t WHERE id = $1;EXECUTE aftercommit_1(1);");
}

TEST_F(PlannedStatementsTest, HaveAPlanEach) {
  sent(insert, {"1", "'a'"});
  EXPECT_EQ(sent(remove, {"1"}),
            "PREPARE aftercommit_2 AS DELETE FROM t WHERE id = $1;EXECUTE aftercommit_2(1);");
  EXPECT_EQ(sent(insert, {"2", "'b'"}), "EXECUTE aftercommit_1(2,'b');");
  EXPECT_EQ(sent(remove, {"2"}), "EXECUTE aftercommit_2(2);");
}

TEST_F(PlannedStatementsTest, KeepTheirValuesInOrder) {
  const SqlTemplate many{"SELECT {c}, {a}, {b};"};
  EXPECT_EQ(sent(many, {"1", "2", "3"}),
            "PREPARE aftercommit_1 AS SELECT $1, $2, $3;EXECUTE aftercommit_1(1,2,3);");
  PlannedStatements as_text{[] { return false; }, clock};
  std::string message;
  as_text.append(message, many, std::vector<std::string>{"1", "2", "3"});
  EXPECT_EQ(message, "SELECT 1, 2, 3;");
}

TEST_F(PlannedStatementsTest, MayHaveNoValues) {
  const SqlTemplate empty{"TRUNCATE t;"};
  EXPECT_EQ(sent(empty, {}), "PREPARE aftercommit_1 AS TRUNCATE t;EXECUTE aftercommit_1;");
}

TEST_F(PlannedStatementsTest, ArePlannedAnewWhenTheirTimeIsOver) {
  sent(insert, {"1", "'a'"});
  clock.advance(kLifetime);
  EXPECT_EQ(sent(insert, {"2", "'b'"}), "EXECUTE aftercommit_1(2,'b');") << "to the last moment";
  clock.advance(1ms);
  EXPECT_EQ(sent(insert, {"3", "'c'"}),
            "DEALLOCATE aftercommit_1; PREPARE aftercommit_2 AS INSERT INTO t VALUES ($1, $2);"
            "EXECUTE aftercommit_2(3,'c');");
  clock.advance(kLifetime);
  EXPECT_EQ(sent(insert, {"4", "'d'"}), "EXECUTE aftercommit_2(4,'d');") << "its time counts from then on";
}

TEST_F(PlannedStatementsTest, ArePreparedAgainAfterAMessageThatFailed) {
  added(insert, {"1", "'a'"});
  planned.failed();
  EXPECT_EQ(sent(insert, {"1", "'a'"}),
            "PREPARE aftercommit_2 AS INSERT INTO t VALUES ($1, $2);EXECUTE aftercommit_2(1,'a');")
      << "under a name that is free, whether that message had come to PREPARE or not";
}

TEST_F(PlannedStatementsTest, DropNoOldPlanAfterTheMessageThatWasToDropItFailed) {
  sent(insert, {"1", "'a'"});
  clock.advance(kLifetime + 1ms);
  added(insert, {"2", "'b'"});
  planned.failed();
  EXPECT_EQ(sent(insert, {"3", "'c'"}),
            "PREPARE aftercommit_3 AS INSERT INTO t VALUES ($1, $2);EXECUTE aftercommit_3(3,'c');");
}

TEST_F(PlannedStatementsTest, AreKeptOverAFailureOnceAMessageWithThemHasSucceeded) {
  sent(insert, {"1", "'a'"});
  added(remove, {"1"});
  planned.failed();
  EXPECT_EQ(sent(insert, {"2", "'b'"}), "EXECUTE aftercommit_1(2,'b');");
  EXPECT_EQ(sent(remove, {"1"}),
            "PREPARE aftercommit_3 AS DELETE FROM t WHERE id = $1;EXECUTE aftercommit_3(1);");
}

TEST_F(PlannedStatementsTest, GoAsTextOnceTooManyMayHaveBeenLeftOnTheServer) {
  sent(insert, {"1", "'a'"});
  std::size_t prepared = 0;
  for (; prepared < 10'000 && added(remove, {"1"}).starts_with("PREPARE "); ++prepared) planned.failed();
  EXPECT_EQ(prepared, 1000U);
  EXPECT_EQ(sent(remove, {"1"}), "DELETE FROM t WHERE id = 1;");
  EXPECT_EQ(sent(insert, {"2", "'b'"}), "INSERT INTO t VALUES (2, 'b');");
  EXPECT_FALSE(planned.usable());
}

TEST_F(PlannedStatementsTest, AreForgottenWhenAStatementMayHaveDroppedThem) {
  int made = 0;
  for (const auto* statement : {"DEALLOCATE ALL", "deallocate all", "DISCARD PLANS", "Discard All",
                                "SELECT 1; dealLOCATE ALL", "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$"}) {
    const auto name = "aftercommit_" + std::to_string(++made);
    EXPECT_EQ(sent(remove, {"1"}),
              "PREPARE " + name + " AS DELETE FROM t WHERE id = $1;EXECUTE " + name + "(1);");
    EXPECT_EQ(sent(remove, {"1"}), "EXECUTE " + name + "(1);");
    planned.notice(statement);
  }
  EXPECT_TRUE(sent(remove, {"1"}).starts_with("PREPARE aftercommit_7 "));
}

TEST_F(PlannedStatementsTest, AreKeptOverAnyOtherStatement) {
  sent(insert, {"1", "'a'"});
  for (const auto* statement :
       {"SELECT 1", "", "PREPARE mine AS SELECT 1", "DEALLOCAT", "SELECT 'discard' -- deallocate",
        "SELECT queue = 'discarded' FROM \"DEALLOCATE\"", "SELECT discard FROM t",
        "INSERT INTO discard VALUES (1) ON CONFLICT DO NOTHING"}) {
    planned.notice(statement);
  }
  EXPECT_EQ(sent(insert, {"2", "'b'"}), "EXECUTE aftercommit_1(2,'b');");
}

}  // namespace
}  // namespace aftercommit::detail
