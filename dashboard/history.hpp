/// What was seen of the queues over the last while, for charts.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "operate/glance.hpp"
#include "operate/json.hpp"

namespace aftercommit::dashboard {

/// Of bounded size, whatever runs for however long.  Not thread-safe.
class History {
 public:
  using Time = std::chrono::system_clock::time_point;

  static constexpr std::chrono::minutes kLength{30};
  static constexpr std::chrono::seconds kStep{4};  ///< looks that follow sooner are left out
  static constexpr std::size_t kQueuesKept = 64;   ///< the others count in the sum alone
  static constexpr std::size_t kQueuesShown = 8;   ///< those that are at it most

  void add(const operate::Glance& glance, Time at);

  /// {"times": [ms since 1970], "sum": {"rate": [], ...}, "queues": {"mail": {...}}}: the samples after
  /// `since`; of each queue as many values as there are times, null where one is not known.
  operate::Json in_json(Time since) const;

  /// Attempts that have ended in a second, between the last two looks; empty: not known.
  std::optional<double> rate(const std::string& queue) const;

 private:
  struct Point {
    std::optional<double> rate;      // attempts that end in a second
    std::optional<double> oldest_s;  // age of the first ready or running job
    std::int64_t depth = 0;          // ready, delayed and running
    std::int64_t died = 0;           // in the last minute
  };
  struct Sample {
    Time at;
    Point sum;
    std::map<std::string, Point> queues;
  };

  static operate::Json series(const std::deque<Sample>& samples, Time since,
                              const std::function<const Point*(const Sample&)>& point);

  std::deque<Sample> samples_;
  std::optional<operate::Glance> last_;
};

}  // namespace aftercommit::dashboard
