/// What is sent with COMMIT, and in which order.
#include "client/transaction/commit_message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace aftercommit::detail {
namespace {

/// In place of a connection: each statement as text.
struct Writer {
  static void append(std::string& message, const Rider& rider) {
    rider.statement->append_to(message, rider.values);
  }
  static std::string quote(std::string_view text) { return literal(text); }
};

class CommitMessageTest : public ::testing::Test {
 protected:
  Riders riders(const std::string& value) { return {.with_begin = {&claim, {value}}}; }
  static PendingJob job(const std::string& payload) {
    return {.id = JobId::generate(), .outgoing = {.queue = "q", .payload = payload}, .asked_at = {}};
  }
  std::string text(const Riders* own, const Riders* next = nullptr) {
    return CommitMessage{own, jobs, next}.text(statements, writer);
  }

  const Statements statements{"aftercommit"};
  const SqlTemplate claim{"SELECT claim({id});"};
  const SqlTemplate proof{"SELECT proof({id});"};
  const SqlTemplate result{"INSERT INTO result VALUES ({id});"};
  std::vector<const PendingJob*> jobs;
  Writer writer;
};

TEST_F(CommitMessageTest, IsCommitAloneWhereNothingGoesWithIt) {
  EXPECT_EQ(text(nullptr), "COMMIT");
  const auto own = riders("1");
  EXPECT_EQ(text(&own), "COMMIT");
}

TEST_F(CommitMessageTest, HasTheRidersBeforeItInTheOrderInWhichTheyWereAdded) {
  auto own = riders("1");
  own.with_commit.add({&proof, {"1"}});
  EXPECT_EQ(text(&own), "SELECT proof(1);COMMIT");
  own.with_commit.add({&result, {"2"}});
  own.with_commit.add({&result, {"3"}});
  EXPECT_EQ(text(&own), "SELECT proof(1);INSERT INTO result VALUES (2);INSERT INTO result VALUES (3);COMMIT");
}

TEST_F(CommitMessageTest, HasTheNextTransactionBehindItWithWhatRidesWithItsBegin) {
  auto own = riders("1");
  own.with_commit.add({&proof, {"1"}});
  const auto next = riders("2");
  EXPECT_EQ(text(&own, &next), "SELECT proof(1);COMMIT; BEGIN; SELECT claim(2);");
}

TEST_F(CommitMessageTest, HasTheRowsOfJobsBetweenTheRidersAndCommit) {
  auto own = riders("1");
  own.with_commit.add({&proof, {"1"}});
  const auto one = job("one");
  jobs = {&one};
  const auto message = text(&own);
  EXPECT_TRUE(message.starts_with("SELECT proof(1);INSERT INTO \"aftercommit\".job ")) << message;
  EXPECT_NE(message.find(one.id.str()), std::string::npos);
  EXPECT_TRUE(message.ends_with(";COMMIT")) << message;
}

TEST_F(CommitMessageTest, HasTheRowsOfAllJobsInOneInsert) {
  const auto one = job("one");
  const auto two = job("two");
  jobs = {&one, &two};
  const auto message = text(nullptr);
  EXPECT_EQ(message.find("INSERT"), message.rfind("INSERT"));
  EXPECT_LT(message.find(one.id.str()), message.find(two.id.str()));
  EXPECT_NE(message.find(two.id.str()), std::string::npos);
  EXPECT_TRUE(message.ends_with(";COMMIT")) << message;
}

}  // namespace
}  // namespace aftercommit::detail
