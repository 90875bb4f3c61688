/// What a retry policy may say, where a task is declared and where it is called.
#include "client/app/retry_policy.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "aftercommit/app.hpp"
#include "aftercommit/error.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;

TEST(RetryPolicy, TakesWhatAWorkerCanFollow) {
  EXPECT_NO_THROW(detail::check_retry_policy("t", {}, {}));
  EXPECT_NO_THROW(detail::check_retry_policy("t", 0, fixed(0ms)));
  EXPECT_NO_THROW(detail::check_retry_policy("t", 999'999, exponential(1ms, 1h, 1.0, 1.0)));
}

TEST(RetryPolicy, RefusesANumberOfRetriesThatIsNone) {
  EXPECT_THROW(detail::check_retry_policy("t", -1, {}), UsageError);
  EXPECT_THROW(detail::check_retry_policy("t", 1'000'000, {}), UsageError);
}

TEST(RetryPolicy, RefusesABackoffThatWaitsLessThanNothing) {
  EXPECT_THROW(detail::check_retry_policy("t", {}, fixed(-1ms)), UsageError);
  EXPECT_THROW(detail::check_retry_policy("t", {}, exponential(1s, -1s)), UsageError);
}

TEST(RetryPolicy, RefusesAFactorThatShrinksAndAJitterThatIsNoShare) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(detail::check_retry_policy("t", {}, exponential(1s, 1h, 0.5)), UsageError);
  EXPECT_THROW(detail::check_retry_policy("t", {}, exponential(1s, 1h, kNaN)), UsageError);
  EXPECT_THROW(detail::check_retry_policy("t", {}, exponential(1s, 1h, 2.0, 1.5)), UsageError);
  EXPECT_THROW(detail::check_retry_policy("t", {}, exponential(1s, 1h, 2.0, kNaN)), UsageError);
}

TEST(RetryPolicy, IsCheckedWhereATaskIsDeclaredAndNamesIt) {
  App app{"test"};
  try {
    app.task<long>("pay", {.max_retries = -1});
    FAIL() << "a task that is tried less than once was accepted";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "task 'pay': max_retries is 0 to 999999, not -1");
  }
}

TEST(RetryPolicy, IsCheckedWhereATaskIsCalled) {
  App app{"test", {.redis_url = "memory://retry-policy"}};
  const auto pay = app.task<long>("pay");
  EXPECT_THROW(pay.apply_async({.max_retries = -1}, 1), UsageError);
  EXPECT_THROW(pay.apply_async({.backoff = fixed(-1ms)}, 1), UsageError);
}

}  // namespace
}  // namespace aftercommit
