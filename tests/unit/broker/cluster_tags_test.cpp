/// The hash tags of the shards of a cluster: where their keys are, in all programs and releases.
#include "broker/redis/wire/cluster_tags.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "broker/redis/wire/redis_keys.hpp"

namespace aftercommit {
namespace {

/// How many of the first `shards` are in each of so many equal parts of all slots.
std::vector<unsigned> shards_in_each_of(unsigned parts, unsigned shards) {
  std::vector<unsigned> count(parts);
  for (unsigned shard = 0; shard < shards; ++shard)
    ++count[cluster_slot(cluster_tag(shard)) * parts / kClusterSlots];
  return count;
}

TEST(ClusterTags, HaveTheSlotsThatRedisReckons) {
  EXPECT_EQ(cluster_slot("123456789"), 0x31c3U);
  EXPECT_EQ(cluster_slot("foo"), 12182U);
  EXPECT_EQ(cluster_slot(""), 0U);
}

TEST(ClusterTags, AreTheSameInAllProgramsAndReleases) {  // docs/wire-format.md
  std::vector<std::string> first;
  for (unsigned shard = 0; shard < 12; ++shard) first.push_back(cluster_tag(shard));
  EXPECT_THAT(first, ::testing::ElementsAre("0.17", "1.19", "2.31", "3.16", "4.107", "5.79", "6.11", "7.75",
                                            "8.29", "9.102", "10.248", "11.0"));
  std::set<unsigned> slots;
  for (unsigned shard = 0; shard < kMostClusterShards; ++shard)
    slots.insert(cluster_slot(cluster_tag(shard)));
  EXPECT_EQ(slots.size(), kMostClusterShards) << "no two share a slot";
}

TEST(ClusterTags, ShareTheShardsOutEvenlyAmongMasters) {
  using ::testing::Each;
  EXPECT_THAT(shards_in_each_of(3, kUsualClusterShards), Each(2U));
  EXPECT_THAT(shards_in_each_of(6, kUsualClusterShards), Each(1U));
  EXPECT_THAT(shards_in_each_of(3, 3), Each(1U));
  EXPECT_THAT(shards_in_each_of(12, 12), Each(1U));
  for (unsigned masters = 1; masters <= kUsualClusterShards; ++masters) {
    const auto shards = shards_in_each_of(masters, kUsualClusterShards);
    EXPECT_LE(*std::ranges::max_element(shards) - *std::ranges::min_element(shards), 1U)
        << masters << " masters";
  }
}

TEST(ClusterTags, AreInAllKeysOfAllQueuesOfAShardAndInNoneElsewhere) {
  const RedisKeys keys{"ac", "0.17", "mail"};
  EXPECT_EQ(keys.stream, "ac:{0.17}:mail:stream");
  EXPECT_EQ(keys.at(Priority::kHigh).aside_for("limit:x"), "ac:{0.17}:mail:high:limited:limit:x");
  EXPECT_EQ(keys.report_of("w"), "ac:{0.17}:mail:worker:w");
  EXPECT_EQ(keys.wake, "ac:{0.17}:mail:swake");
  EXPECT_EQ((RedisKeys{"ac", "", "mail"}.stream), "ac:{mail}:stream");
  EXPECT_EQ((RedisKeys{"ac", "mail"}.wake), "ac:{mail}:wake");
}

}  // namespace
}  // namespace aftercommit
