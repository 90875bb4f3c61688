/// The rows of the durable jobs of a transaction, and what errors say of them.
#include "client/transaction/durable_insert.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace aftercommit::detail {
namespace {

/// Jobs and what points at them.
struct Jobs {
  explicit Jobs(std::vector<PendingJob> all) : owned{std::move(all)} {
    for (const auto& job : owned) pointers.push_back(&job);
  }
  std::vector<PendingJob> owned;
  std::vector<const PendingJob*> pointers;
};

PendingJob job(const std::string& payload) {
  return {.id = JobId::generate(), .outgoing = {.queue = "mail", .payload = payload}, .asked_at = {}};
}

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

TEST(RowsOfJobs, AreOneArrayOfEachColumnInTheOrderOfTheJobs) {
  using namespace std::chrono_literals;
  Jobs jobs{{job("{}"), job("{}")}};
  jobs.owned[0].outgoing.eta = std::chrono::system_clock::time_point{1500ms};
  jobs.owned[1].outgoing.countdown = 2000ms;
  jobs.owned[1].outgoing.queue = "slow";
  const auto half_a_second_later = jobs.owned[1].asked_at + 500ms;
  EXPECT_EQ(
      job_rows(jobs.pointers, half_a_second_later),
      (std::vector<std::string>{"'mail'", "'{" + jobs.owned[0].id.str() + "," + jobs.owned[1].id.str() + "}'",
                                R"('{"mail","slow"}')", "'{1500,NULL}'", "'{NULL,1500}'", R"({"{}","{}"})"}));
}

TEST(RowsOfJobs, HaveNoArrayOfWhatIsTheSameForAll) {
  const Jobs jobs{{job("{}"), job("{}")}};
  const auto values = job_rows(jobs.pointers, {});
  EXPECT_EQ(values[0], "'mail'");
  EXPECT_EQ(values[2], "NULL");  // queues
  EXPECT_EQ(values[3], "NULL");  // etas
  EXPECT_EQ(values[4], "NULL");  // countdowns
}

TEST(RowsOfJobs, EscapeWhatMeansSomethingInAnArray) {
  const Jobs jobs{{job(R"(a "quoted" \ one, {NULL})"), job("NULL")}};
  EXPECT_EQ(job_rows(jobs.pointers, {}).back(), R"({"a \"quoted\" \\ one, {NULL}","NULL"})");
}

TEST(RowsOfJobs, LeaveOutThoseThatAreWrittenAlready) {
  Jobs jobs{{job("one"), job("two"), job("three")}};
  jobs.owned[1].row_is_written = true;
  EXPECT_EQ(job_rows(jobs.pointers, {}).back(), R"({"one","three"})");
}

TEST(JobsOfOneStatement, AreAllOfFewAndNoneOfNone) {
  const Jobs jobs{std::vector<PendingJob>(100, job("{}"))};
  EXPECT_EQ(jobs_of_one_statement(jobs.pointers), 100U);
  EXPECT_EQ(jobs_of_one_statement({}), 0U);
}

TEST(JobsOfOneStatement, AreBoundedInNumberAndInBytes) {
  const Jobs many{std::vector<PendingJob>(10'001, job("{}"))};
  EXPECT_EQ(jobs_of_one_statement(many.pointers), 10'000U);
  constexpr std::size_t kMiB = std::size_t{1} << 20U;
  const Jobs long_ones{std::vector<PendingJob>(5, job(std::string(kMiB, 'x')))};
  EXPECT_EQ(jobs_of_one_statement(long_ones.pointers), 4U);
  const Jobs giant{std::vector<PendingJob>(2, job(std::string(5 * kMiB, 'x')))};
  EXPECT_EQ(jobs_of_one_statement(giant.pointers), 1U);
}

}  // namespace
}  // namespace aftercommit::detail
