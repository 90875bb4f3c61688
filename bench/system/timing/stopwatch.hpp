/// Rates.
#pragma once

#include <chrono>
#include <cstdint>

namespace aftercommit::bench {

class Stopwatch {
 public:
  /// So many of something, since the start: how many a second.
  double rate(std::int64_t count) const {
    return static_cast<double>(count) /
           std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace aftercommit::bench
