// What is counted of jobs, how it is shown, and what a worker's health is judged by.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "worker/events/events.hpp"
#include "worker/metrics/endpoint.hpp"
#include "worker/metrics/health.hpp"
#include "worker/metrics/metrics_listener.hpp"
#include "worker/metrics/shared_blocks.hpp"
#include "worker/metrics/worker_families.hpp"

namespace aftercommit::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class WorkerMetrics : public ::testing::Test {
 protected:
  std::string text() const { return prometheus_text(worker_families(blocks.all(), kNow)); }
  static Envelope job_of(const std::string& task) { return {.id = JobId::generate(), .task = task}; }
  void serve(std::size_t process, std::int64_t beat_ms) {
    auto& health = blocks.of(process).health;
    health.state = ProcessState::kServing;
    health.beat_ms = beat_ms;
  }

  static constexpr std::int64_t kNow = 1'000'000;
  SharedBlocks blocks{2};
  MetricsListener first{blocks.of(0), {"pay", "mail"}, {"default"}};
  MetricsListener second{blocks.of(1), {"pay", "mail"}, {"default"}};
};

TEST_F(WorkerMetrics, CountJobsByTaskAndOutcomeOfAllProcessesAsOne) {
  const auto job = job_of("pay");
  const Events one{&first};
  const Events other{&second};
  for (const auto* const events : {&one, &other})
    events->tell(
        JobDone{.job = job, .queue = "default", .attempt = 1, .started = std::chrono::steady_clock::now()});
  one.tell(JobRetried{
      .job = job, .queue = "default", .attempt = 1, .countdown = {}, .exception = {}, .reason = {}});
  one.tell(JobSkipped{.job = job, .may_be_dead = false});
  EXPECT_THAT(text(), AllOf(HasSubstr("aftercommit_jobs_total{task=\"pay\",outcome=\"done\"} 2"),
                            HasSubstr("aftercommit_jobs_total{task=\"pay\",outcome=\"retried\"} 1"),
                            HasSubstr("aftercommit_jobs_total{task=\"pay\",outcome=\"duplicate\"} 1"),
                            HasSubstr("aftercommit_job_run_seconds_count{task=\"pay\"} 2")));
}

TEST_F(WorkerMetrics, ShowAZeroBeforeTheFirstDeath) {
  EXPECT_THAT(text(), HasSubstr("aftercommit_jobs_total{task=\"mail\",outcome=\"dead\"} 0"));
}

TEST_F(WorkerMetrics, GiveNoLabelToATaskThatIsNotDeclared) {
  first.on(JobSnoozed{.job = job_of("made-up"), .queue = "x", .attempt = 1, .countdown = {}, .reason = {}});
  EXPECT_THAT(text(), AllOf(HasSubstr("aftercommit_jobs_total{task=\"other\",outcome=\"snoozed\"} 1"),
                            Not(HasSubstr("made-up"))));
}

TEST_F(WorkerMetrics, HaveABoundOfTheirLabels) {
  std::vector<std::string> tasks;
  for (int i = 0; i < 300; ++i) tasks.push_back("task" + std::to_string(i));
  SharedBlocks many{1};
  MetricsListener listener{many.of(0), tasks, {}};
  const auto families = worker_families(many.all(), kNow);
  for (const auto& family : families) EXPECT_LE(family.samples.size(), 4 * 101U) << family.name;
  listener.on(JobExpired{.job = job_of("task299")});
  EXPECT_THAT(prometheus_text(worker_families(many.all(), kNow)),
              HasSubstr("aftercommit_jobs_total{task=\"other\",outcome=\"expired\"} 1"));
}

TEST_F(WorkerMetrics, KnowFromTheEntryOfRedisHowLongAJobHasWaited) {
  EXPECT_EQ(ready_at_ms("1700000000123-5"), 1'700'000'000'123);
  EXPECT_EQ(ready_at_ms("1700000000123-5/high"), 1'700'000'000'123);
  EXPECT_EQ(ready_at_ms("17"), 0);
  EXPECT_EQ(ready_at_ms(""), 0);
  const auto job = job_of("pay");
  first.on(JobStarted{.job = job, .attempt = 1, .queue = "default", .entry = "1000-0"});
  first.on(JobStarted{
      .job = job, .attempt = 1, .queue = "default", .entry = "99999999999999-0"});  // by a fast clock
  EXPECT_THAT(text(),
              AllOf(HasSubstr("aftercommit_job_queue_seconds_count{queue=\"default\"} 2"),
                    HasSubstr("aftercommit_job_queue_seconds_bucket{queue=\"default\",le=\"0.001\"} 1")));
}

TEST_F(WorkerMetrics, GoOnWhereAProcessIsReplaced) {
  first.on(JobExpired{.job = job_of("pay")});
  MetricsListener replacement{blocks.of(0), {"brand-new", "pay"}, {"default"}};  // of another task library
  replacement.on(JobExpired{.job = job_of("pay")});
  EXPECT_THAT(text(), HasSubstr("aftercommit_jobs_total{task=\"pay\",outcome=\"expired\"} 2"));
}

TEST_F(WorkerMetrics, SayOfTheRelayWhatTheFurthestProcessSays) {
  blocks.of(0).roles.relays.of("default").caught_up_ms = kNow - 90'000;
  blocks.of(1).roles.relays.of("default").caught_up_ms = kNow - 500;
  EXPECT_THAT(text(), HasSubstr("aftercommit_relay_lag_seconds{database=\"default\"} 0.5"));
}

TEST_F(WorkerMetrics, CallAWorkerReadyWhileOneProcessConsumes) {
  EXPECT_FALSE(readyz(blocks.all(), kNow).good);  // they begin
  serve(0, kNow);
  EXPECT_TRUE(readyz(blocks.all(), kNow).good);
  blocks.of(0).health.troubles = 1U << static_cast<unsigned>(Trouble::kDatabasesAway);
  const auto verdict = readyz(blocks.all(), kNow);
  EXPECT_FALSE(verdict.good);
  EXPECT_THAT(verdict.text, HasSubstr("process 1: none of its databases serves"));
  EXPECT_TRUE(livez(blocks.all(), kNow).good);  // a new process would not mend that
}

TEST_F(WorkerMetrics, CallAProcessLostThatHasBeenSilentForAMinute) {
  serve(0, kNow - 61'000);
  serve(1, kNow);
  const auto verdict = livez(blocks.all(), kNow);
  EXPECT_FALSE(verdict.good);
  EXPECT_THAT(verdict.text, HasSubstr("process 1: it has shown no sign of life for 61 s"));
  blocks.of(0).health.state = ProcessState::kStopping;  // which has bounds of its own
  EXPECT_TRUE(livez(blocks.all(), kNow).good);
  EXPECT_TRUE(readyz(blocks.all(), kNow).good);
}

}  // namespace
}  // namespace aftercommit::worker
