#include "aftercommit/metrics.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/app.hpp"
#include "base/metrics/families.hpp"
#include "client/app/app_core.hpp"
#include "client/app/enqueue_counts.hpp"

namespace aftercommit {
namespace detail {
namespace {

struct EnqueueSums {
  std::uint64_t durable = 0;
  std::uint64_t on_commit = 0;
  std::uint64_t immediate = 0;
  std::uint64_t joined = 0;
};

std::map<std::string, EnqueueSums> sums_of(
    const std::vector<std::pair<std::string, const EnqueueCounts*>>& tasks) {
  std::map<std::string, EnqueueSums> sums;
  for (const auto& [task, counts] : tasks) {
    const bool known = sums.contains(task) || sums.size() < kMostTaskLabels;
    auto& sum = sums[known ? task : kOtherLabel];
    sum.durable += counts->durable.get();
    sum.on_commit += counts->on_commit.get();
    sum.immediate += counts->immediate.get();
    sum.joined += counts->joined.get();
  }
  return sums;
}

void add_if_any(MetricFamily& family, MetricLabels labels, std::uint64_t number) {
  if (number > 0) add_sample(family, std::move(labels), static_cast<double>(number));
}

std::uint64_t total(const std::vector<const SendCounts*>& sends, Count SendCounts::*which) {
  std::uint64_t sum = 0;
  for (const auto* const one : sends) sum += (one->*which).get();
  return sum;
}

}  // namespace

std::vector<MetricFamily> enqueue_families(
    const std::vector<std::pair<std::string, const EnqueueCounts*>>& tasks,
    const std::vector<const SendCounts*>& sends) {
  auto enqueued = family("aftercommit_enqueued_jobs_total", MetricType::kCounter,
                         "Jobs that this program has asked for, whether or not their transaction commits.");
  auto joined = family("aftercommit_unique_jobs_joined_total", MetricType::kCounter,
                       "Unique jobs that were asked for and were there already.");
  for (const auto& [task, sum] : sums_of(tasks)) {
    add_if_any(enqueued, {{"task", task}, {"delivery", "durable"}}, sum.durable);
    add_if_any(enqueued, {{"task", task}, {"delivery", "on_commit"}}, sum.on_commit);
    add_if_any(enqueued, {{"task", task}, {"delivery", "immediate"}}, sum.immediate);
    add_if_any(joined, {{"task", task}}, sum.joined);
  }
  auto sent = family("aftercommit_sent_jobs_total", MetricType::kCounter,
                     "Jobs that this program was to send to Redis, by what became of that.");
  for (const auto& [result, which] : {std::pair{"sent", &SendCounts::sent},
                                      {"failed", &SendCounts::failed},
                                      {"kept", &SendCounts::kept},
                                      {"relayed", &SendCounts::relayed}}) {
    add_sample(sent, {{"result", result}}, static_cast<double>(total(sends, which)));
  }
  auto took = family("aftercommit_send_seconds", MetricType::kHistogram,
                     "How long a call to Redis took by which this program has sent jobs.");
  std::vector<const TimeSpread*> parts;
  for (const auto* const one : sends) parts.push_back(&one->took);
  took.samples.push_back(seconds_of(parts, {}));
  return {std::move(enqueued), std::move(joined), std::move(sent), std::move(took)};
}

std::vector<MetricFamily> AppCore::metrics() const {
  std::vector<std::pair<std::string, const EnqueueCounts*>> tasks;
  for (const auto& [name, entry] : tasks_) tasks.emplace_back(name, entry->counts);
  return enqueue_families(tasks, {send_counts_});
}

void AppCore::count_in(SendCounts& sends, const std::function<EnqueueCounts&(const std::string&)>& of_task) {
  send_counts_ = &sends;
  for (const auto& [name, entry] : tasks_) entry->counts = &of_task(name);
}

}  // namespace detail

std::vector<MetricFamily> App::metrics() const { return core_->metrics(); }

}  // namespace aftercommit
