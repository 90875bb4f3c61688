/// What a program has counted of its jobs: plain values, for whatever collects them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace aftercommit {

enum class MetricType : std::uint8_t { kCounter, kGauge, kHistogram };

/// One series.  What a type does not use is left at zero.
struct MetricSample {
  /// Of a histogram: how many values were not above `upper_bound`; those of the lower bounds included.
  struct Bucket {
    double upper_bound = 0;
    std::uint64_t count = 0;
  };

  std::vector<std::pair<std::string, std::string>> labels{};  ///< name and value, in the same order for all
  double value = 0;                                           ///< of a counter or a gauge
  std::vector<Bucket> buckets{};                              ///< rising; the last one, of all, is left out
  std::uint64_t count = 0;                                    ///< of all values of a histogram
  double sum = 0;                                             ///< of them
};

/// All series of one name.  Names, labels and units follow the conventions of Prometheus: base units
/// (seconds, bytes), counters that end in _total.  What each one means: docs/guide/metrics.md.
struct MetricFamily {
  std::string name;
  std::string help;
  MetricType type = MetricType::kGauge;
  std::vector<MetricSample> samples{};
};

}  // namespace aftercommit
