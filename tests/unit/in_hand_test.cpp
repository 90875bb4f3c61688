/// What a worker has in hand is not run beside itself when it is handed out again.
#include "worker/in_hand.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace aftercommit {
namespace {

using Jobs = std::vector<Fetched>;

TEST(InHand, DropsWhatIsHandedOutAgain) {
  worker::InHand in_hand;
  Jobs first{{"mail", "1-0", "a"}, {"mail", "2-0", "b"}};
  in_hand.take(first);
  EXPECT_EQ(first.size(), 2U);
  Jobs again{{"mail", "1-0", "a"}, {"mail", "3-0", "c"}, {"slow", "1-0", "another queue's"}};
  in_hand.take(again);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].entry, "3-0");
  EXPECT_EQ(again[1].queue, "slow");
}

TEST(InHand, TakesAgainWhatWasSettled) {
  worker::InHand in_hand;
  Jobs jobs{{"mail", "1-0", "a"}};
  in_hand.take(jobs);
  const Settlement settlement{.queue = "mail", .entry = "1-0"};
  in_hand.release({&settlement, 1});
  in_hand.take(jobs);
  EXPECT_EQ(jobs.size(), 1U);
}

}  // namespace
}  // namespace aftercommit
