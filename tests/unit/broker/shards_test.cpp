/// Several URLs as one broker: which shards there are, and where each job belongs.
#include "broker/contract/shards.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "aftercommit/error.hpp"
#include "broker/contract/shard_entry.hpp"
#include "broker/shards/shard_state.hpp"
#include "support/eventually.hpp"

namespace aftercommit {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kThree = "redis://a/0 redis://b/0 redis://c/0";

std::vector<std::string> names(std::string_view urls) {
  const Shards shards{urls};
  std::vector<std::string> all;
  for (const auto& shard : shards.all()) all.push_back(shard.name);
  return all;
}

std::string trouble_with(std::string_view urls) {
  try {
    const Shards shards{urls};
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

TEST(ShardsTest, AreTheUrlsBetweenWhiteSpaceByTheirAddressesWithoutSecrets) {
  EXPECT_THAT(names(" redis://me:secret@a:7000/1\n\trediss://b  redis+unix:///run/r.sock?db=2&prefix=shop "
                    "redis+sentinel://s1,s2/main/3 redis://c?shard=cellar"),
              ElementsAre("a:7000/1", "b:6379/0", "/run/r.sock/2?prefix=shop", "main of s1:26379, s2:26379/3",
                          "cellar"));
}

TEST(ShardsTest, AreAsManyInAClusterAsItsUrlSaysAndKeepTheirNamesWhoeverItsNodesAre) {
  EXPECT_THAT(names("redis+cluster://a,b/"),
              ElementsAre("cluster-0", "cluster-1", "cluster-2", "cluster-3", "cluster-4", "cluster-5"));
  EXPECT_THAT(
      names("redis+cluster://b:7000/0?shards=2&prefix=shop redis://c rediss+cluster://d?shard=big&shards=2"),
      ElementsAre("cluster-0?prefix=shop", "cluster-1?prefix=shop", "c:6379/0", "big-0", "big-1"));
  const Shards shards{"redis+cluster://:hidden@a,b/?shards=3"};
  EXPECT_EQ(shards.at(2).url, "redis+cluster://:hidden@a,b/?shards=3&only=2");
  const Shards usual{"redis+cluster://a"};
  EXPECT_EQ(usual.at(5).url, "redis+cluster://a?only=5");
  for (const auto* url :
       {"redis+cluster://a/?shards=1", "redis+cluster://a/?only=2", "redis+cluster://a/?shards=x"})
    EXPECT_EQ(Shards{url}.at(0).url, url);
  EXPECT_EQ(Shards{"redis+cluster://a/?shards=1"}.count(), 1U);
  EXPECT_THAT(trouble_with("redis+cluster://:hidden@a redis+cluster://b"),
              AllOf(HasSubstr("two shards of the broker are called cluster-0"), Not(HasSubstr("hidden"))));
}

TEST(ShardsTest, AreNotLookedForInASingleUrl) {
  for (const auto* url : {"redis://a", " redis://a ", "redis://a b/0", "none", "", "nonsense none of it"}) {
    const Shards shards{url};
    EXPECT_EQ(shards.count(), 1U) << url;
    EXPECT_EQ(shards.at(0).url, url) << "whoever reads it says what is wrong with it";
    EXPECT_FALSE(shards.share_of(0).takes);
  }
}

TEST(ShardsTest, AreRefusedWhereOneIsWrongOrTwoAreOneWithoutAWordOfASecret) {
  EXPECT_THAT(trouble_with("redis://:hidden@a redis://:hidden@b:port"),
              AllOf(HasSubstr("shard 2 of the broker: "), HasSubstr("port"), Not(HasSubstr("hidden"))));
  EXPECT_THAT(trouble_with("redis://:hidden@a/1 redis://a/1"),
              AllOf(HasSubstr("two shards of the broker are called a:6379/1"), Not(HasSubstr("hidden"))));
  EXPECT_THAT(trouble_with("redis://a none"), HasSubstr("none alone"));
  EXPECT_EQ(trouble_with("redis://a/1 redis://a/1?prefix=other redis://a/2?shard=third"), "");
}

TEST(ShardsTest, AreRefusedWhereOneServerHasTwoNames) {
  EXPECT_THROW(Shards{"redis://a/0?shard=x redis://a/0?shard=y"}, ConfigError);
  EXPECT_NO_THROW((Shards{"redis://a/0?shard=x redis://a/0?shard=y&prefix=z"}));
  EXPECT_NO_THROW((Shards{"redis://a/0?shard=x redis://a/1?shard=y"}));
}

TEST(ShardsTest, AreTheSameInWhateverOrderTheirSentinelsAreNamed) {
  const Shards one{"redis+sentinel://s1,s2/shop/0 redis://b/0"};
  const Shards other{"redis+sentinel://s2,s1/shop/0 redis://b/0"};
  EXPECT_EQ(one.at(0).name, other.at(0).name);
}

TEST(ShardStateTest, TakesFailuresOfOneMomentForOneOutage) {
  auto& state = ShardState::of("of one moment");
  const auto begun = ShardState::Clock::now();
  for (int i = 0; i < 4; ++i) state.failed();
  EXPECT_TRUE(support::eventually([&] { return state.may_be_asked(); }));
  EXPECT_LT(ShardState::Clock::now() - begun, std::chrono::seconds{4}) << "four outages would be 8 s";
}

TEST(ShardsTest, HaveEquallyManyJobsEach) {
  const Shards shards{kThree};
  std::array<int, 3> jobs{};
  std::array<int, 3> texts{};
  constexpr int kJobs = 9000;
  for (int i = 0; i < kJobs; ++i) {
    ++jobs.at(shards.of(JobId::generate()));
    ++texts.at(shards.order_of("job " + std::to_string(i)).front());
  }
  constexpr int kShare = kJobs / 3;
  EXPECT_THAT(jobs, Each(::testing::AllOf(::testing::Gt(kShare * 9 / 10), ::testing::Lt(kShare * 11 / 10))));
  EXPECT_THAT(texts, Each(::testing::AllOf(::testing::Gt(kShare * 9 / 10), ::testing::Lt(kShare * 11 / 10))));
}

TEST(ShardsTest, KeepTheirJobsInWhateverOrderTheyAreNamedAndWhenOthersComeOrGo) {
  const Shards shards{kThree}, turned{"redis://c/0 redis://a/0 redis://b/0"},
      fewer{"redis://a/0 redis://c/0"};
  EXPECT_EQ(shards.share_of(0).among, turned.share_of(0).among);
  EXPECT_NE(shards.share_of(0).among, fewer.share_of(0).among);
  for (int i = 0; i < 1000; ++i) {
    const auto job = JobId::generate();
    const auto name = shards.at(shards.of(job)).name;
    EXPECT_EQ(turned.at(turned.of(job)).name, name);
    if (name != "b:6379/0") {
      EXPECT_EQ(fewer.at(fewer.of(job)).name, name);
    }
    EXPECT_TRUE(shards.share_of(shards.of(job)).has(job));
    EXPECT_FALSE(shards.share_of((shards.of(job) + 1) % 3).has(job));
  }
}

TEST(ShardsTest, PlaceAJobWhereAllProgramsAndReleasesDo) {  // docs/wire-format.md
  const Shards shards{kThree};
  std::string places;
  for (const auto* id : {"01890000-0000-7000-8000-000000000001", "01890000-0000-7000-8000-000000000002",
                         "01890000-0000-7000-8000-000000000003", "01890000-0000-7000-8000-000000000004",
                         "01890000-0000-7000-8000-000000000005", "01890000-0000-7000-8000-000000000006"}) {
    places += shards.at(shards.of(*JobId::parse(id))).name.substr(0, 1);
  }
  EXPECT_EQ(places, "cabbbc");
  EXPECT_EQ(shards.share_of(0).among, "fe0206a523d0");
}

TEST(ShardEntryTest, NamesTheShardBesideTheEntryAndIsTheEntryForTheFirst) {
  for (const std::size_t shard : {0U, 1U, 12U}) {
    for (const std::string entry : {"1719240000000-0", "1719240000000-0/critical", ""}) {
      const auto text = ShardEntry{shard, entry}.str();
      EXPECT_EQ(ShardEntry::parse(text).shard, shard) << text;
      EXPECT_EQ(ShardEntry::parse(text).entry, entry) << text;
    }
  }
  EXPECT_EQ((ShardEntry{0, "1-0"}.str()), "1-0");
  for (const std::string foreign : {"row/x/1", "s/1-0", "sx/1-0", "s1", "slow/1"}) {
    EXPECT_EQ(ShardEntry::parse(foreign).shard, 0U) << foreign;
    EXPECT_EQ(ShardEntry::parse(foreign).entry, foreign);
  }
}

}  // namespace
}  // namespace aftercommit
