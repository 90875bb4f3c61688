// In which order the queues are asked: strict, or by weight.
#include "worker/intake/queue_order.hpp"

#include <gtest/gtest.h>

#include <map>

namespace aftercommit::worker {
namespace {

std::vector<Queue> next(QueueOrder& order) {
  const auto queues = order.next();
  return {queues.begin(), queues.end()};
}

TEST(QueueOrder, IsThatOfTheCommandLineWithoutWeights) {
  QueueOrder order{{{"high", 0}, {"middle", 0}, {"low", 0}}};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(next(order), (std::vector<Queue>{"high", "middle", "low"}));
}

TEST(QueueOrder, NamesEveryQueueOnceInEachRound) {
  QueueOrder order{{{"a", 5}, {"b", 1}, {"c", 0}}};
  for (int i = 0; i < 100; ++i) {
    auto queues = next(order);
    std::ranges::sort(queues);
    EXPECT_EQ(queues, (std::vector<Queue>{"a", "b", "c"}));
  }
}

TEST(QueueOrder, PutsAQueueFirstAsOftenAsItsWeightSays) {
  QueueOrder order{{{"heavy", 6}, {"light", 3}, {"unnamed", 0}}};  // no weight beside weights is 1
  std::map<Queue, int> first;
  constexpr int kRounds = 100'000;
  for (int i = 0; i < kRounds; ++i) ++first[next(order).front()];
  // Six standard deviations are 0.9 % of the rounds: this fails by chance once in 10^8.
  EXPECT_NEAR(first["heavy"], kRounds * 0.6, kRounds * 0.01);
  EXPECT_NEAR(first["light"], kRounds * 0.3, kRounds * 0.01);
  EXPECT_NEAR(first["unnamed"], kRounds * 0.1, kRounds * 0.01);
}

TEST(QueueOrder, OfOneQueueNeedsNoWeight) {
  QueueOrder order{{{"only", 7}}};
  EXPECT_EQ(next(order), std::vector<Queue>{"only"});
}

}  // namespace
}  // namespace aftercommit::worker
