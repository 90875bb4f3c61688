#include "bench/system/timing/percentiles.hpp"

#include <algorithm>

namespace aftercommit::bench {

nlohmann::json percentiles(std::vector<std::int64_t> ns) {
  std::ranges::sort(ns);
  const auto at = [&](double share) {
    return static_cast<double>(ns[static_cast<std::size_t>(share * static_cast<double>(ns.size() - 1))]) /
           1e6;
  };
  return {{"p50_ms", at(0.5)}, {"p99_ms", at(0.99)}};
}

}  // namespace aftercommit::bench
