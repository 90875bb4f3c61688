/// Who is told of durable jobs where there is no Redis to send them to.
#include "client/job_table/job_notifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker/envelope/envelope.hpp"
#include "client/job_table/job_listener.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using ::testing::ElementsAre;

class JobNotifierTest : public support::Payments, public ::testing::Test {
 protected:
  JobNotifierTest() { EXPECT_TRUE(listener.wait(kNoWait)) << "it begins to listen"; }

  static Outgoing job_of(const std::string& database) {
    const Envelope job{
        .id = JobId::generate(), .task = "receipt", .queue = "mail", .database = database, .durable = true};
    return {.queue = "mail", .payload = encode(job), .durable = job.id};
  }

  static constexpr std::chrono::milliseconds kNoWait{0};
  Database away{{.url = "postgresql://127.0.0.1:1/nowhere"}, "away"};
  detail::JobListener listener{database};
  detail::JobNotifier notifier{{&database, &away}};
};

TEST_F(JobNotifierTest, TellsTheDatabaseThatHasTheRowAndNoOther) {
  const std::vector<Outgoing> jobs{job_of(database.alias())};
  EXPECT_NO_THROW(notifier.enqueue(jobs, kNoWait)) << "the other is away";
  EXPECT_TRUE(eventually([&] { return listener.wait(std::chrono::milliseconds{10}); }));
}

TEST_F(JobNotifierTest, SaysWhichJobsNobodyWasToldOf) {
  const std::vector<Outgoing> jobs{job_of(database.alias()), job_of("away")};
  try {
    notifier.enqueue(jobs, kNoWait);
    FAIL() << "one of them is away";
  } catch (const EnqueueFailure& failure) {
    EXPECT_THAT(failure.unsent(), ElementsAre(1));
    EXPECT_TRUE(failure.retryable());
  }
  EXPECT_TRUE(eventually([&] { return listener.wait(std::chrono::milliseconds{10}); }))
      << "it was told first";
}

TEST_F(JobNotifierTest, TellsAllOfAJobThatDoesNotSay) {
  const std::vector<Outgoing> jobs{job_of("")};
  EXPECT_THROW(notifier.enqueue(jobs, kNoWait), EnqueueFailure);
  EXPECT_TRUE(eventually([&] { return listener.wait(std::chrono::milliseconds{10}); }));
}

}  // namespace
}  // namespace aftercommit
