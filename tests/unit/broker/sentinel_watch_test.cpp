/// Whom a process believes of where the master is, and which sockets it cuts for that.
#include "broker/redis/wire/sentinel_watch.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace aftercommit {
namespace {

const RedisAddress kFirst{"10.0.0.1", 6379};
const RedisAddress kSecond{"10.0.0.2", 6379};
const RedisAddress kThird{"10.0.0.3", 6379};

class SentinelWatchTest : public ::testing::Test {
 protected:
  SentinelWatchTest() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0); }
  ~SentinelWatchTest() override {
    for (const auto end : ends) ::close(end);
  }

  bool is_cut() const {
    char byte = 0;
    return ::recv(ends[1], &byte, 1, MSG_DONTWAIT) == 0;
  }

  std::array<int, 2> ends{-1, -1};
  /// Nobody is at this address.
  const std::shared_ptr<SentinelWatch> watch =
      SentinelWatch::of({.sentinels = {RedisUrl{.host = "127.0.0.1", .port = 1}}, .master = "shop"});
};

TEST_F(SentinelWatchTest, CutsWhatLeadsToAMasterThatIsNoneAnyMore) {
  const auto held = watch->hold(ends[0], kFirst);
  const auto before = watch->changes();
  watch->learn(kFirst, std::nullopt);
  EXPECT_FALSE(is_cut());
  watch->learn(kSecond, kFirst);
  EXPECT_TRUE(is_cut());
  EXPECT_TRUE(watch->has_left(kFirst));
  EXPECT_GT(watch->changes(), before);
}

TEST_F(SentinelWatchTest, DoesNotBelieveWhoHasNotHeardOfAFailoverYet) {
  watch->learn(kSecond, kFirst);
  const auto held = watch->hold(ends[0], kSecond);
  watch->learn(kFirst, std::nullopt);
  EXPECT_FALSE(is_cut()) << "it leads to the new master";
  EXPECT_TRUE(watch->has_left(kFirst));
  watch->learn(kThird, std::nullopt);
  EXPECT_TRUE(is_cut()) << "by one who knows more";
}

TEST_F(SentinelWatchTest, BelievesAnAnnouncementThatGoesBack) {
  watch->learn(kSecond, kFirst);
  const auto held = watch->hold(ends[0], kSecond);
  watch->learn(kFirst, kSecond);
  EXPECT_TRUE(is_cut());
  EXPECT_FALSE(watch->has_left(kFirst));
}

}  // namespace
}  // namespace aftercommit
