/// What errors say of the durable jobs of a transaction.
#include "client/transaction/durable_insert.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace aftercommit::detail {
namespace {

std::string words(const std::vector<std::string>& tasks) {
  std::vector<PendingJob> jobs;
  for (const auto& task : tasks)
    jobs.push_back({.id = JobId::generate(), .outgoing = {}, .asked_at = {}, .task = task});
  std::vector<const PendingJob*> durable;
  for (const auto& job : jobs) durable.push_back(&job);
  return in_words(durable);
}

TEST(DurableJobsInWords, NameTheTaskOfOneJob) {
  EXPECT_EQ(words({"mail"}), "the durable job of task 'mail'");
}

TEST(DurableJobsInWords, NameATaskOnceThatHasSeveral) {
  EXPECT_EQ(words({"mail", "mail"}), "the 2 durable jobs of task 'mail'");
  EXPECT_EQ(words({"mail", "crm", "mail"}), "the 3 durable jobs of the tasks 'crm', 'mail'");
}

TEST(DurableJobsInWords, CountTheTasksAfterTheFifth) {
  EXPECT_EQ(words({"a", "b", "c", "d", "e"}), "the 5 durable jobs of the tasks 'a', 'b', 'c', 'd', 'e'");
  EXPECT_EQ(words({"a", "b", "c", "d", "e", "f", "g"}),
            "the 7 durable jobs of the tasks 'a', 'b', 'c', 'd', 'e' and 2 more");
}

}  // namespace
}  // namespace aftercommit::detail
