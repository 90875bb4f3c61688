/// What a client pays for a job where many stand already.
#include <algorithm>

#include "bench/system/growth/growth.hpp"
#include "bench/system/servers/bulk.hpp"
#include "bench/system/servers/servers.hpp"
#include "bench/system/tasks/tasks.hpp"
#include "bench/system/timing/stopwatch.hpp"
#include "bench/system/workers/workers.hpp"

namespace aftercommit::bench {
namespace {

constexpr std::int64_t kCallBytes = 8 * 1024 * 1024;  // at most, in one call

CallOptions options_of(const Setting& setting, const std::string& queue) {
  CallOptions options{.queue = queue};
  if (setting.countdown) options.countdown = std::chrono::seconds{*setting.countdown};
  return options;
}

std::string text_of(const Setting& setting) {
  return setting.bytes == 7 ? "welcome" : std::string(static_cast<std::size_t>(setting.bytes), 'x');
}

}  // namespace

nlohmann::json growth_fill(const Setting& setting) {
  const auto queues = queue_names(setting);
  const auto name = text_of(setting);
  const auto per_call = std::clamp<std::int64_t>(kCallBytes / setting.bytes, 1, kBulk);
  const auto before = redis_memory();
  const auto of_queue = [&](std::int64_t i) { return (setting.jobs + i) / setting.queues; };  // in all: jobs
  const Stopwatch watch;
  for (std::int64_t i = 0; i < setting.queues; ++i) {
    enqueue_in_bulk(tasks().noop, of_queue(i), options_of(setting, queues[static_cast<std::size_t>(i)]), name,
                    per_call);
  }
  const auto rate = watch.rate(setting.jobs);
  return {{"rate", rate},
          {"bytes", static_cast<double>(redis_memory() - before) / static_cast<double>(setting.jobs)}};
}

nlohmann::json growth_enqueue(const Setting& setting) {
  const auto options = options_of(setting, "default");
  const auto name = text_of(setting);
  tasks().noop.apply_async(options, 0, name);  // connects
  const Stopwatch watch;
  for (std::int64_t i = 0; i < setting.jobs; ++i) tasks().noop.apply_async(options, i, name);
  return {{"rate", watch.rate(setting.jobs)}};
}

}  // namespace aftercommit::bench
