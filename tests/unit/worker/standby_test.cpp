/// When a worker goes over to the job tables, and back.
#include "worker/table/standby.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/eventually.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using support::eventually;

TEST(StandbyTest, GoesOverWhileFetchingFailsAndBackOnceAHeartbeatGetsThrough) {
  std::atomic<bool> fails{false};
  HeldLease lease{15s};
  lease.renewed(HeldLease::Clock::now(), true);
  Standby standby{std::make_shared<TakenJobs>(), [&] { return fails.load(); }, lease};
  EXPECT_FALSE(lease.needless());
  const auto failed_at = HeldLease::Clock::now();
  fails = true;
  EXPECT_TRUE(eventually([&] { return lease.needless(); }));
  EXPECT_GE(HeldLease::Clock::now() - failed_at, 1s) << "a restart of Redis takes so long";
  fails = false;  // as nobody asks Redis any more
  EXPECT_FALSE(eventually([&] { return !lease.needless(); }, 500ms));
  lease.renewed(HeldLease::Clock::now(), true);
  EXPECT_TRUE(eventually([&] { return !lease.needless(); }));
}

TEST(StandbyTest, LetsWhoWaitsForTheLeaseGoOn) {
  HeldLease lease{15s};
  const std::jthread later{[&] { lease.set_needless(true); }};
  lease.wait_until_held({});
  EXPECT_FALSE(lease.held());
}

}  // namespace
}  // namespace aftercommit::worker
