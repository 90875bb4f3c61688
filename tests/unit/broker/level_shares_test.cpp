/// How places are dealt out to the levels of a queue.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "broker/contract/levels.hpp"

namespace aftercommit {
namespace {

using Shares = std::array<std::size_t, kLevels>;

/// Whose each of the next places is.
std::vector<std::size_t> one_by_one(LevelShares& shares, std::size_t places) {
  std::vector<std::size_t> levels;
  for (std::size_t i = 0; i < places; ++i) {
    const auto one = shares.next(1);
    levels.push_back(static_cast<std::size_t>(std::ranges::find(one, 1U) - one.begin()));
  }
  return levels;
}

TEST(LevelShares, AreEightFourTwoAndOneOfAnyFifteenPlacesInARow) {
  LevelShares shares;
  const auto levels = one_by_one(shares, 60);
  for (std::size_t from = 0; from + LevelShares::kRound <= levels.size(); ++from) {
    Shares dealt{};
    for (std::size_t i = from; i < from + LevelShares::kRound; ++i) ++dealt.at(levels[i]);
    EXPECT_EQ(dealt, (Shares{8, 4, 2, 1})) << "from place " << from;
  }
}

TEST(LevelShares, BeginWithTheMostUrgentAndLetNoneWaitForALongRunOfAnother) {
  LevelShares shares;
  EXPECT_THAT(one_by_one(shares, 15), ::testing::ElementsAre(0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0));
}

TEST(LevelShares, AreTheSameHoweverManyPlacesAreAskedForAtOnce) {
  LevelShares single;
  const auto levels = one_by_one(single, 100);
  LevelShares several;
  std::size_t from = 0;
  for (const std::size_t places : {1, 7, 0, 40, 15, 37}) {
    Shares expected{};
    for (std::size_t i = from; i < from + places; ++i) ++expected.at(levels[i]);
    EXPECT_EQ(several.next(places), expected) << places << " from place " << from;
    from += places;
  }
}

}  // namespace
}  // namespace aftercommit
