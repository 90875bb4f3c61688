/// The levels of urgency within a queue: their names, and the share that each has.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "aftercommit/priority.hpp"

namespace aftercommit {

inline constexpr std::size_t kLevels = 4;
/// The most urgent first.
inline constexpr std::array<Priority, kLevels> kAllLevels{Priority::kCritical, Priority::kHigh,
                                                          Priority::kNormal, Priority::kLow};

constexpr std::size_t index_of(Priority level) noexcept { return static_cast<std::size_t>(level); }

/// As keys and figures are called.
constexpr std::string_view name_of(Priority level) noexcept {
  constexpr std::array<std::string_view, kLevels> kNames{"critical", "high", "normal", "low"};
  return kNames.at(index_of(level));
}

/// Deals places out to the levels in proportion to their weights, evenly spread and always in the same order:
/// of any 15 places in a row 8, 4, 2 and 1.  Not thread-safe.
class LevelShares {
 public:
  static constexpr std::array<int, kLevels> kWeights{8, 4, 2, 1};
  static constexpr std::size_t kRound = 15;  ///< the sum of them

  /// How many of the next `places` are each level's.
  std::array<std::size_t, kLevels> next(std::size_t places) noexcept {
    std::array<std::size_t, kLevels> shares{};
    for (std::size_t i = 0; i < kLevels; ++i)
      shares.at(i) = places / kRound * static_cast<std::size_t>(kWeights.at(i));
    for (std::size_t rest = places % kRound; rest > 0; --rest) ++shares.at(next_place());
    return shares;
  }

 private:
  /// Smooth weighted round robin, as nginx chooses servers.
  std::size_t next_place() noexcept {
    for (std::size_t i = 0; i < kLevels; ++i) credit_.at(i) += kWeights.at(i);
    const auto most = std::ranges::max_element(credit_);  // the most urgent of equals
    *most -= static_cast<int>(kRound);
    return static_cast<std::size_t>(most - credit_.begin());
  }

  std::array<int, kLevels> credit_{};
};

}  // namespace aftercommit
