/// What `worker --list-tasks` says of tasks.
#include "worker/task_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(TaskList, SaysTheOptionsOfATaskAndTheCountdownsOfItsPolicy) {
  App app{"shop"};
  app.task<long>("charge", {.queue = "money",
                            .max_retries = 5,
                            .backoff = exponential(10s, 1min, 2.0, 0.5, 8s),
                            .retry_for = 90min,
                            .no_retry_on = no_retry_on<std::logic_error>(),
                            .transactional = false})
      .on_failure([](const FailedJob& /*failure*/, long /*order*/) {});
  const auto text = list_tasks(app);
  EXPECT_TRUE(text.starts_with("charge\n  queue         money\n")) << text;
  for (const auto* const line : {
           "  transaction   no\n",
           "  max_retries   5\n",
           "  retry_for     1 h 30 min from the first failure\n",
           "  backoff       exponential from 10 s, factor 2, cap 1 min, up to 50 % less at random, never "
           "under 8 s\n",
           "  countdowns    10 s, 20 s, 40 s, 1 min, 1 min; in all 1 min 38 s to 3 min 10 s\n",
           "  retried       all, but not std::logic_error\n",
           "  on_failure    has a hook\n",
           "  body          none in this library",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(TaskList, SaysTheLimitsOfATaskUnderTheirNames) {
  App app{"shop"};
  app.task<long>("charge",
                 {.limits = {Concurrency{.per_key = true}, Rate{.name = "bank", .most = 10, .per = 1min}}});
  EXPECT_THAT(list_tasks(app),
              HasSubstr("  limits        at most 10 in 1 min ('bank'); at most 1 at once for each "
                        "key ('charge.concurrency')\n"));
}

TEST(TaskList, HasTheTasksInTheOrderOfTheirNamesAndAsksNoServer) {
  App app{"shop", {.redis_url = "redis://127.0.0.1:1/0"}};
  app.task<>("ship", {.max_retries = 0});
  app.task<>("bill").run([] {});
  const auto text = list_tasks(app);
  EXPECT_TRUE(text.starts_with("bill\n")) << text;
  EXPECT_THAT(text, HasSubstr("\n\nship\n"));
  EXPECT_THAT(text, HasSubstr("  countdowns    none\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "2 min 8 s, 4 min 16 s, 8 min 32 s, 17 min 4 s, 34 min 8 s ...; in all 7 h 18 min to 9 h 8 min\n"));
}

}  // namespace
}  // namespace aftercommit::worker
