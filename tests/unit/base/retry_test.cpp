/// The countdown before each retry.
#include "aftercommit/retry.hpp"

#include <gtest/gtest.h>

#include <climits>
#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr double kNoJitter = 0.0;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Backoff, FixedWaitsTheSameBeforeEveryRetry) {
  for (const int retry : {1, 2, 3, 1000, INT_MAX}) EXPECT_EQ(fixed(5s).wait(retry, 0.5), 5s);
}

TEST(Backoff, ExponentialMultipliesFromRetryToRetry) {
  const Backoff backoff = exponential(1s, 1h, 2.0, kNoJitter);
  EXPECT_EQ(backoff.wait(1, 0), 1s);
  EXPECT_EQ(backoff.wait(2, 0), 2s);
  EXPECT_EQ(backoff.wait(3, 0), 4s);
  EXPECT_EQ(backoff.wait(11, 0), 1024s);
}

TEST(Backoff, NeverWaitsLongerThanItsCap) {
  const Backoff backoff = exponential(1s, 10min, 2.0, kNoJitter);
  EXPECT_EQ(backoff.wait(10, 0), 512s);
  EXPECT_EQ(backoff.wait(11, 0), 10min);
  EXPECT_EQ(backoff.wait(1'000'000'000, 0), 10min);
}

TEST(Backoff, WaitsItsCapFromTheStartWhereTheBaseIsLonger) {
  EXPECT_EQ(exponential(1h, 1min, 2.0, kNoJitter).wait(1, 0), 1min);
  EXPECT_EQ((Backoff{.kind = Backoff::Kind::kFixed, .base = 2h, .cap = 1h, .jitter = 0}).wait(1, 0), 1h);
}

TEST(Backoff, JitterShortensTheWaitByUpToItsShare) {
  const Backoff backoff = exponential(10s, 1h, 2.0, 0.2);
  EXPECT_EQ(backoff.wait(1, 0.0), 8s);
  EXPECT_EQ(backoff.wait(1, 0.5), 9s);
  EXPECT_NEAR(static_cast<double>(backoff.wait(1, 0.999999).count()), 10'000, 1);
}

TEST(Backoff, DefaultsToOneSecondDoubledUpToAnHour) {
  EXPECT_EQ(Backoff{}.wait(1, 0.0), 800ms);
  EXPECT_EQ(Backoff{}.wait(100, 0.0), 48min);
}

TEST(Backoff, TreatsARetryBelowOneAsTheFirst) {
  const Backoff backoff = exponential(1s, 1h, 2.0, kNoJitter);
  for (const int retry : {0, -1, INT_MIN}) EXPECT_EQ(backoff.wait(retry, 0), 1s);
}

TEST(Backoff, DoesNotOverflowWhateverItIsGiven) {
  constexpr milliseconds kForever = milliseconds::max();
  for (const double factor : {1e308, kInfinity, 2.0}) {
    const auto wait = exponential(kForever, kForever, factor, kNoJitter).wait(1'000'000'000, 0);
    EXPECT_GT(wait, std::chrono::years{99});
    EXPECT_LT(wait, std::chrono::years{101}) << "now + wait must stay within the clock";
  }
}

TEST(Backoff, NeverGivesANegativeWait) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(exponential(-1s, 1h).wait(1, 0.5), 0s);
  EXPECT_EQ(exponential(1s, -1h).wait(1, 0.5), 0s);
  EXPECT_EQ(exponential(0s, 1h, 1e308).wait(1'000'000'000, 0.5), 0s);
  EXPECT_EQ(exponential(1s, 1h, -2.0, kNoJitter).wait(2, 0.5), 0s);
  EXPECT_EQ(exponential(1s, 1h, 2.0, 7.0).wait(1, 0.0), 0s);
  EXPECT_EQ(exponential(1s, 1h, 2.0, 0.2).wait(1, kNan), 800ms);
  EXPECT_EQ(exponential(1s, 1h, kNan, kNan).wait(2, kNan), 1h);
}

TEST(Backoff, StaysBetweenTheJitteredAndTheFullWaitForRandomSettings) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  std::uniform_real_distribution<double> share{0, 1};
  for (int i = 0; i < 20'000; ++i) {
    const milliseconds base{std::uniform_int_distribution<int>{0, 100'000}(random)};
    const milliseconds cap{std::uniform_int_distribution<int>{0, 10'000'000}(random)};
    const double jitter = share(random);
    const int retry = std::uniform_int_distribution<int>{1, 60}(random);
    const Backoff backoff = exponential(base, cap, 1 + 3 * share(random), jitter);

    const auto wait = backoff.wait(retry, share(random));

    const double full = std::min(static_cast<double>(base.count()) * std::pow(backoff.factor, retry - 1),
                                 static_cast<double>(cap.count()));
    ASSERT_LE(static_cast<double>(wait.count()), full + 1);
    ASSERT_GE(static_cast<double>(wait.count()), full * (1 - jitter) - 1);
  }
}

}  // namespace
}  // namespace aftercommit
