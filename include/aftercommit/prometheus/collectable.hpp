/// An App's metrics for prometheus-cpp, for a program that uses it: add this to its Registry or Exposer, and
/// link prometheus-cpp-core.  The library itself does not need it.
///   auto metrics = std::make_shared<aftercommit::PrometheusCollectable>(shop::app);
///   exposer.RegisterCollectable(metrics);  // which holds it weakly: keep it
#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <limits>
#include <utility>
#include <vector>

#include "aftercommit/app.hpp"
#include "aftercommit/metrics.hpp"

namespace aftercommit {

inline prometheus::MetricFamily to_prometheus(const MetricFamily& family) {
  prometheus::MetricFamily result;
  result.name = family.name;
  result.help = family.help;
  result.type = family.type == MetricType::kCounter ? prometheus::MetricType::Counter
                : family.type == MetricType::kGauge ? prometheus::MetricType::Gauge
                                                    : prometheus::MetricType::Histogram;
  for (const auto& sample : family.samples) {
    prometheus::ClientMetric metric;
    for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
    metric.counter.value = sample.value;
    metric.gauge.value = sample.value;
    metric.histogram.sample_count = sample.count;
    metric.histogram.sample_sum = sample.sum;
    if (family.type == MetricType::kHistogram) {
      for (const auto& bucket : sample.buckets)
        metric.histogram.bucket.push_back({bucket.count, bucket.upper_bound});
      metric.histogram.bucket.push_back({sample.count, std::numeric_limits<double>::infinity()});
    }
    result.metric.push_back(std::move(metric));
  }
  return result;
}

inline std::vector<prometheus::MetricFamily> to_prometheus(const std::vector<MetricFamily>& families) {
  std::vector<prometheus::MetricFamily> all;
  for (const auto& family : families) all.push_back(to_prometheus(family));
  return all;
}

/// Thread-safe.
class PrometheusCollectable final : public prometheus::Collectable {
 public:
  /// `app` is not owned and outlives this.
  explicit PrometheusCollectable(const App& app) : app_{app} {}

  std::vector<prometheus::MetricFamily> Collect() const override { return to_prometheus(app_.metrics()); }

 private:
  const App& app_;
};

}  // namespace aftercommit
