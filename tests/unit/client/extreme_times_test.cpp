/// The longest, shortest and most negative times and durations, wherever one comes in: clamped before they
/// are counted with.  Overflows are found by the sanitizers' builds as well.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "aftercommit/database.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/retry.hpp"
#include "aftercommit/sql_params.hpp"
#include "aftercommit/testing.hpp"
#include "base/epoch_ms.hpp"
#include "broker/contract/broker.hpp"
#include "client/postgres/connection_pool.hpp"
#include "client/transaction/commit_hooks.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using SystemTime = std::chrono::system_clock::time_point;

const std::vector<milliseconds> kExtremes{
    milliseconds::min(),     milliseconds::min() + 1ms, -milliseconds::max() / 2, -1ms, 0ms,
    milliseconds::max() / 2, milliseconds::max() - 1ms, milliseconds::max()};

TEST(ExtremeTimes, OfACountdownAreNoneOrForEver) {
  for (const auto countdown : kExtremes) {
    const auto ms = countdown_ms(countdown);
    EXPECT_EQ(ms > 0, countdown > 0ms);
    EXPECT_LE(ms, kLongestMs);
  }
}

TEST(ExtremeTimes, OfACountdownAreStillSoAfterTheCommit) {
  for (const auto countdown : kExtremes) {
    std::vector<detail::PendingJob> jobs;
    jobs.push_back({.id = JobId::generate(),
                    .outgoing = {.queue = "q", .payload = {}, .countdown = countdown},
                    .asked_at = std::chrono::steady_clock::now() - 1s});
    const auto left = detail::due_from_now(jobs).at(0).countdown.value();
    EXPECT_GE(left, 0ms);
    EXPECT_EQ(left > 0ms, countdown > 0ms) << countdown.count();
  }
}

TEST(ExtremeTimes, OfAnInstantAreWithinWhatABrokerKeeps) {
  for (const auto instant : {SystemTime::min(), SystemTime::min() + 1ns, SystemTime{} - 1ns, SystemTime{},
                             SystemTime::max() - 1ns, SystemTime::max()}) {
    EXPECT_GE(epoch_ms(instant), 0);
    EXPECT_LE(epoch_ms(instant), kLongestMs);
  }
  for (const auto ms : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, kLongestMs,
                        std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_GE(from_epoch_ms(ms), SystemTime{});
  }
}

TEST(ExtremeTimes, OfABackoffWaitAHundredYearsAtMost) {
  for (const auto base : kExtremes) {
    for (const auto cap : kExtremes) {
      for (const double factor : {0.0, -1.0, 1e300, std::nan(""), HUGE_VAL}) {
        for (const int retry : {0, 1, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
          const auto wait = exponential(base, cap, factor).wait(retry, 0.5);
          EXPECT_GE(wait, 0ms);
          EXPECT_LE(wait, std::chrono::years{101});
        }
      }
    }
  }
}

TEST(ExtremeTimes, OfATimeoutAreNoneOrAYear) {
  for (const auto timeout : kExtremes) {
    EXPECT_GE(bounded_timeout(timeout), 0ms);
    EXPECT_LE(bounded_timeout(timeout), std::chrono::years{1});
  }
}

TEST(ExtremeTimes, OfThePoolsTimeoutAreWaitedForAndNotOverflown) {
  detail::ConnectionPool pool{{.url = "postgresql://127.0.0.1:1/none",
                               .pool_size = 0,
                               .pool_timeout = milliseconds::min(),
                               .connect_timeout = std::chrono::seconds::min()},
                              "default"};
  EXPECT_THROW(pool.lease(), DatabaseUnavailable);
}

TEST(ExtremeTimes, GivenToAStatementAreIntervals) {
  EXPECT_EQ(to_sql(1h), "3600000000 microseconds");
  EXPECT_EQ(to_sql(-1500ns), "-1 microseconds");
  EXPECT_EQ(to_sql(std::chrono::hours::max()), "9223372036854775807 microseconds");
  EXPECT_EQ(to_sql(std::chrono::hours::min()), "-9223372036854775807 microseconds");
  EXPECT_EQ(to_sql(std::chrono::nanoseconds::max()), "9223372036854775 microseconds");
  EXPECT_EQ(to_sql(std::chrono::duration<double>{1e300}), "9223372036854775807 microseconds");
  EXPECT_THROW(to_sql(std::chrono::duration<double>{std::nan("")}), UsageError);
  EXPECT_EQ(to_sql(SystemTime::min())->substr(0, 4), "1677");
  EXPECT_EQ(to_sql(SystemTime::max())->substr(0, 4), "2262");
}

TEST(ExtremeTimes, OfAManualClockStopIt) {
  for (const auto by : kExtremes) {
    testing::ManualClock clock;
    for (int i = 0; i < 3; ++i) clock.advance(by);
    EXPECT_EQ(clock.now() > testing::ManualClock{}.now(), by > 0ms);
    EXPECT_EQ(clock.steady_now().time_since_epoch() > 0ms, by > 0ms);
    testing::ManualClock late{SystemTime::max() - 1s};
    late.advance(by);
    EXPECT_EQ(late.now() == SystemTime::max(), by >= 1s) << by.count();
    testing::ManualClock early{SystemTime::min() + 1s};
    early.advance(by);
    EXPECT_EQ(early.now() == SystemTime::min(), by <= -1s) << by.count();
  }
}

}  // namespace
}  // namespace aftercommit
