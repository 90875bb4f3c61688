/// What workers alone know, read from their metrics: how often they have healed something.
#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace aftercommit::dashboard {

/// The sums over all series of each name in a text of Prometheus' format; those of each outcome, where they
/// have that label, as "name{outcome=done}" besides.
std::map<std::string, double> sums_of_metrics(std::string_view text);

/// The metrics of several workers.  Not thread-safe.
class Metrics {
 public:
  /// `urls`: http://host:port/path.  Throws UsageError for anything else.
  explicit Metrics(const std::vector<std::string>& urls);

  struct Seen {
    std::map<std::string, double> sums{};  ///< over all that answered
    std::size_t answered = 0;
    std::size_t asked = 0;
  };
  /// Asks each that `stop` leaves the time for: each for a second until it begins to answer, for some more to
  /// do so, and 4 MiB at most.
  Seen look(const std::stop_token& stop) const;

 private:
  struct Place {
    std::string server;  // "http://host:port"
    std::string path;
  };

  std::vector<Place> places_;
};

}  // namespace aftercommit::dashboard
