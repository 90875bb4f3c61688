/// Counts made into the families that are shown.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/metrics.hpp"
#include "base/metrics/counts.hpp"

namespace aftercommit {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

inline MetricFamily family(std::string name, MetricType type, std::string help) {
  return {.name = std::move(name), .help = std::move(help), .type = type};
}

inline void add_sample(MetricFamily& family, MetricLabels labels, double value) {
  family.samples.push_back({.labels = std::move(labels), .value = value});
}

/// Of several that are shown as one.  `unit`: how many of what was added make one of what is shown, as a
/// million microseconds are a second.
template <class SpreadType>
MetricSample sample_of(const std::vector<const SpreadType*>& parts, MetricLabels labels, const auto& bounds,
                       double unit) {
  MetricSample sample{.labels = std::move(labels)};
  for (std::size_t at = 0; at <= SpreadType::kBounds; ++at) {
    for (const auto* const part : parts) sample.count += part->within(at);
    if (at < SpreadType::kBounds) {
      sample.buckets.push_back(
          {.upper_bound = static_cast<double>(bounds[at]) / unit, .count = sample.count});
    }
  }
  for (const auto* const part : parts) sample.sum += static_cast<double>(part->sum()) / unit;
  return sample;
}

/// What was added in microseconds, in seconds.
inline MetricSample seconds_of(const std::vector<const TimeSpread*>& parts, MetricLabels labels) {
  return sample_of(parts, std::move(labels), kTimeBounds, 1e6);
}

inline MetricSample sizes_of(const std::vector<const SizeSpread*>& parts, MetricLabels labels) {
  return sample_of(parts, std::move(labels), kSizeBounds, 1);
}

}  // namespace aftercommit
