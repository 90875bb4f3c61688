/// What lies between a decoded job and the body of its task: arguments converted, body called.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "aftercommit/app.hpp"
#include "aftercommit/job.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit {
namespace {

void TaskCall(benchmark::State& state) {
  App app{"bench"};
  const auto task = app.task<std::int64_t, std::string>("welcome");
  std::int64_t sum = 0;
  task.run([&sum](std::int64_t number, const std::string& name) {
    sum += number + static_cast<std::int64_t>(name.size());
  });
  const auto& entry = *app.core().find_task("welcome");

  const JobInfo info{.id = JobId::generate(), .task = "welcome", .queue = "default"};
  const std::atomic<bool> stop{false};
  Job job{info, nullptr, stop};
  const nlohmann::json args{42, "welcome"};
  for (auto _ : state) entry.bind(args)(job);
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(TaskCall);

}  // namespace
}  // namespace aftercommit
