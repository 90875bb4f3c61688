/// Six shards in a Redis Cluster, whose slots move and whose nodes die in the midst of work.
#include <gtest/gtest.h>

#include "broker/redis/wire/cluster_tags.hpp"
#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

class ClusterFault : public FaultTest {
 protected:
  ClusterFault() : FaultTest{support::kKeepsData, {}, Site::kCluster} {}

  support::ClusterSet& cluster() { return *site.cluster; }
  static unsigned slot_of(unsigned shard) { return cluster_slot(cluster_tag(shard)); }

  /// A producer of the standard load, which is at work.
  Worker& start_load(long first) {
    auto& producer = start_producer(first, 60, {}, {}, 20);
    const auto before = effects();
    EXPECT_TRUE(eventually([&] { return effects() > before + 5; })) << "it does not go on";
    return producer;
  }
};

TEST_F(ClusterFault, WhoseSlotsMoveWhoseMasterDiesAndWhichIsGoneForAWhileLosesAndDoublesNothing) {  // P6, P7
  for (int i = 0; i < 2; ++i) start_worker();

  // With each move all jobs come along, those on commit too.
  auto& moved = start_load(kFirst);
  for (const auto shard : {0U, 4U, 0U}) {
    cluster().move_slot(slot_of(shard), cluster().other_master(cluster().master_of(slot_of(shard))));
  }
  EXPECT_EQ(moved.exit_code(90s), 0);
  expect_promises_kept();

  auto& bereft = start_load(2 * kFirst);
  auto& dies = cluster().master_of(slot_of(1));
  dies.kill();
  EXPECT_TRUE(cluster().comes_to_leave(dies, slot_of(1)));
  site.broker_losses.push_back(now_ms());  // of what the replica had not been sent
  EXPECT_EQ(bereft.exit_code(90s), 0);
  dies.start();
  ASSERT_TRUE(cluster().comes_to_be_whole());
  expect_promises_kept();

  for (auto& node : cluster().nodes) node.kill();
  site.broker_losses.push_back(now_ms());
  for (int i = 0; i < 10; ++i) transact([&](Transaction&, Intent& intent) { ask(intent, tasks.ok, {}, 0L); });
  EXPECT_TRUE(eventually([&] { return count("SELECT count(*) FROM aftercommit.job") == 0; }, 40s))
      << "durable jobs run from the table";
  for (auto& node : cluster().nodes) node.start();
  ASSERT_TRUE(cluster().comes_to_be_whole());
  EXPECT_EQ(start_load(3 * kFirst).exit_code(90s), 0);
  expect_promises_kept();
}

}  // namespace
}  // namespace aftercommit::fault
