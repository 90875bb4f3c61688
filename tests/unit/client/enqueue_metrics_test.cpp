// What a program has asked for, as App::metrics() tells it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "aftercommit/app.hpp"

namespace aftercommit {
namespace {

/// The value of the series with these labels; -1: there is none.
double value(const App& app, const std::string& name,
             const std::vector<std::pair<std::string, std::string>>& labels) {
  for (const auto& family : app.metrics()) {
    if (family.name != name) continue;
    for (const auto& sample : family.samples) {
      if (sample.labels == labels) return sample.value;
    }
  }
  return -1;
}

TEST(EnqueueMetrics, CountWhatWasAskedForByTaskAndDelivery) {
  App app{"metrics", {.redis_url = "memory://enqueue-metrics"}};
  const auto pay = app.task<long>("pay", {.delivery = Delivery::kImmediate, .transactional = false});
  app.task<long>("mail");
  pay.delay(1);
  pay.delay_many({{2}, {3}});
  EXPECT_EQ(value(app, "aftercommit_enqueued_jobs_total", {{"task", "pay"}, {"delivery", "immediate"}}), 3);
  EXPECT_EQ(value(app, "aftercommit_enqueued_jobs_total", {{"task", "mail"}, {"delivery", "immediate"}}), -1);
  EXPECT_EQ(value(app, "aftercommit_sent_jobs_total", {{"result", "sent"}}), 3);
  EXPECT_EQ(value(app, "aftercommit_sent_jobs_total", {{"result", "failed"}}), 0);
}

TEST(EnqueueMetrics, HaveOneLabelForAllTasksBeyondTheFirstHundred) {
  App app{"metrics", {.redis_url = "memory://enqueue-metrics-many"}};
  std::vector<Task<long>> tasks;
  for (int i = 0; i < 150; ++i) {
    tasks.push_back(app.task<long>("task" + std::to_string(1000 + i),
                                   {.delivery = Delivery::kImmediate, .transactional = false}));
    tasks.back().delay(1);
  }
  EXPECT_EQ(value(app, "aftercommit_enqueued_jobs_total", {{"task", "other"}, {"delivery", "immediate"}}),
            50);
}

}  // namespace
}  // namespace aftercommit
