// One rule for all roles of a worker: what they throw, want of memory included, is told once, and they go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

using ::testing::HasSubstr;

constexpr const char* kFailed = "a part of this worker has failed; trying again until it does not";
constexpr const char* kGoesOn = "the part of this worker that had failed goes on";

struct Role {
  const char* name;
  const char* point;
  const char* role;
};

void PrintTo(const Role& role, std::ostream* out) { *out << role.point; }

class WorkerRole : public FaultTest, public ::testing::WithParamInterface<Role> {
 protected:
  static std::map<std::string, std::string> failing(const std::string& point, int times) {
    return {{"AFTERCOMMIT_FAIL_POINT", point + ":fail@" + std::to_string(times)}};
  }
};

TEST_P(WorkerRole, WithoutMemorySaysSoOnceAndGoesOnWhenThereIsSome) {
  auto& worker =
      start_worker({.options = {"--concurrency", "1"}, .environment = failing(GetParam().point, 3)});
  for (int i = 0; i < 5; ++i) enqueue_one();
  const auto of_the_role = [&](const char* message) {
    const auto events = worker.events();
    return std::ranges::count_if(events, [&](const auto& event) {
      return event.at("message") == message && event.at("role") == GetParam().role;
    });
  };
  EXPECT_TRUE(eventually([&] { return of_the_role(kGoesOn) == 1; })) << worker.log();
  EXPECT_EQ(of_the_role(kFailed), 1);
  EXPECT_THAT(worker.log(), HasSubstr("std::bad_alloc"));
  expect_promises_kept();
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.exit_code(), 0) << "it is the process that began";
}

INSTANTIATE_TEST_SUITE_P(
    Of, WorkerRole,
    ::testing::Values(Role{"Fetcher", "fetching jobs", "fetching jobs"},
                      Role{"FetcherWithJobsAtHand", "worker.after_fetch", "fetching jobs"},
                      Role{"Executor", "running jobs", "running jobs"},
                      Role{"Settler", "settling jobs", "settling jobs"},
                      Role{"SettlerThatHasSettled", "worker.after_settle", "settling jobs"},
                      Role{"Scheduler", "promoting delayed jobs", "promoting delayed jobs"},
                      Role{"Heartbeat", "renewing the lease", "renewing the lease"},
                      Role{"Recoverer", "looking for dead workers", "looking for dead workers"},
                      Role{"HomeWatch", "looking whose the queues are", "looking whose the queues are"},
                      Role{"Presence", "showing a database that this worker lives",
                           "showing a database that this worker lives"},
                      Role{"Purger", "purging ledgers", "purging ledgers"},
                      Role{"Returner", "bringing back jobs", "bringing back jobs"},
                      Role{"Standby", "looking whether Redis answers", "looking whether Redis answers"},
                      Role{"Relay", "relaying durable jobs", "relaying durable jobs"},
                      Role{"RelayThatHasRead", "relay.after_read", "relaying durable jobs"}),
    [](const auto& test) { return test.param.name; });

using WorkerPurger = WorkerRole;

TEST_F(WorkerPurger, ThatFailsSaysWhyAndEndsNothing) {
  auto& worker = start_worker({.environment = failing("purging the ledger", 1)});
  EXPECT_TRUE(worker.says("the ledger cannot be purged; trying again each minute"));
  EXPECT_THAT(worker.log(), HasSubstr("std::bad_alloc"));
  enqueue_one();
  expect_promises_kept();
}

}  // namespace
}  // namespace aftercommit::fault
