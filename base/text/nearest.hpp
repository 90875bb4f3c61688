/// What somebody meant who has mistyped a name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace aftercommit {

/// How many characters have to be changed, added or left out to make one of the other.
inline std::size_t distance_between(std::string_view one, std::string_view other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < one.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < other.size(); ++j) {
      const auto changed = diagonal + (one[i] == other[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// The nearest of the `known` names; empty where none is near enough to be meant.  Bounded: `text` is cut.
inline std::string nearest(std::string_view text, const std::vector<std::string>& known) {
  constexpr std::size_t kLongest = 64;
  text = text.substr(0, kLongest);
  std::string best;
  auto least = text.size() / 3 + 1;  // a longer name may have more mistakes
  for (const auto& name : known) {
    const auto distance = distance_between(text, name);
    if (distance > least || (distance == least && !best.empty())) continue;
    least = distance;
    best = name;
  }
  return best;
}

}  // namespace aftercommit
