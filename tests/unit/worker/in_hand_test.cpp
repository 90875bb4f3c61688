/// What a worker has in hand is not run beside itself when it is handed out again.
#include "worker/held/in_hand.hpp"

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
  EXPECT_TRUE(in_hand.release({{.queue = "mail", .entry = "1-0"}}).empty());
  in_hand.take(jobs);
  EXPECT_EQ(jobs.size(), 1U);
}

TEST(InHand, TellsWhatWasDroppedBeforeItWasReleased) {
  worker::InHand in_hand;
  Jobs jobs{{"mail", "1-0", "a"}, {"mail", "2-0", "b"}};
  in_hand.take(jobs);
  Jobs again{{"mail", "1-0", "a"}};
  in_hand.take(again);
  EXPECT_TRUE(again.empty());
  const auto dropped =
      in_hand.release({{.queue = "mail", .entry = "1-0"}, {.queue = "mail", .entry = "2-0"}});
  ASSERT_EQ(dropped.size(), 1U);
  EXPECT_EQ(dropped[0].entry, "1-0");
  EXPECT_TRUE(in_hand.release({{.queue = "mail", .entry = "1-0"}}).empty()) << "told once";
}

TEST(InHand, HandsOnWhatIsPutBackOnce) {
  worker::InHand in_hand;
  in_hand.put_back({{"mail", "1-0", "a"}});
  EXPECT_EQ(in_hand.take_back().size(), 1U);
  EXPECT_TRUE(in_hand.take_back().empty());
}

}  // namespace
}  // namespace aftercommit
